"""Edits in a config file's text: the lines that change do, all others stay byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from difflib import ndiff
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.config import CannotEdit, Reconciliation, WhyRemoved, edit_config, parse
from qauvern.errors import Remedy
from qauvern.model import Crn, InstanceSettings, LimitRule
from tests.helpers.make import ACCOUNT_ID, crn

PATH = Path("config.yaml")
HEAD = f"account_id: {ACCOUNT_ID}\nplan: premium\nminimum_allocation_seconds: 60\n"
NOTHING = Reconciliation((), {}, {}, {}, {})


def edited(text: str, changes: Reconciliation) -> str:
    """The edit's outcome, which must say what the changes come to."""
    settings = parse(text.encode(), PATH)
    outcome = edit_config(text, PATH, settings, changes)
    assert parse(outcome.encode(), PATH) == changes.applied_to(settings)
    return outcome


def config(instances: str, head: str = HEAD) -> str:
    """A config file with this text of its instances, in which CRN(a) stands for the CRN of the instance a."""
    text = head + "instances:\n" + instances.lstrip("\n").rstrip(" ")
    for label in "abcde":
        text = text.replace(f"CRN({label})", f'"{crn(label)}"')
    return text


def diff(old: str, new: str) -> list[str]:
    """Lines that went and came."""
    lines = ndiff(old.splitlines(keepends=True), new.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


def removed(*labels: str) -> Reconciliation:
    return Reconciliation((), {crn(label): WhyRemoved.ARCHIVED for label in labels}, {}, {}, {})


def renamed(**names: str) -> Reconciliation:
    return Reconciliation((), {}, {crn(label): name for label, name in names.items()}, {}, {})


def limited(**limits: int) -> Reconciliation:
    return Reconciliation((), {}, {}, {crn(label): limit for label, limit in limits.items()}, {})


def dropped(*indexes: int, of: str = "a") -> Reconciliation:
    return Reconciliation((), {}, {}, {}, {crn(of): indexes})


def added(label: str = "e", limit: int | LimitRule = 7) -> Reconciliation:
    return Reconciliation((InstanceSettings("new", crn(label), limit),), {}, {}, {}, {})


TWO = config("""
  - name: first  # ours
    crn: CRN(a)
    limit_seconds: 5
  # the other team
  - name: "second"
    crn: CRN(b)
""")


class TestEachChange:
    def test_none_leaves_every_byte(self) -> None:
        assert edited(TWO, NOTHING) == TWO

    def test_a_removal_takes_the_lines_of_the_instance(self) -> None:
        assert edited(TWO, removed("a")) == config("""
  # the other team
  - name: "second"
    crn: CRN(b)
""")

    def test_a_name_changes_within_its_line(self) -> None:
        assert diff(TWO, edited(TWO, renamed(a="third"))) == [
            "-   - name: first  # ours\n",
            "+   - name: third  # ours\n",
        ]

    def test_a_limit_comes_below_the_crn(self) -> None:
        assert edited(TWO, limited(b=99)) == TWO + "    limit_seconds: 99\n"

    def test_a_new_instance_comes_last_in_the_layout_of_the_others(self) -> None:
        assert edited(TWO, added()) == TWO + f'  - name: "new"\n    crn: "{crn("e")}"\n    limit_seconds: 7\n'

    def test_the_last_may_go_as_others_come(self) -> None:
        both = Reconciliation(added().added, removed("a", "b").removed, {}, {}, {})
        new = f'  - name: "new"\n    crn: "{crn("e")}"\n    limit_seconds: 7\n'
        assert edited(TWO, both) == HEAD + "instances:\n  # the other team\n" + new


GRANTS = """
  - name: a
    crn: CRN(a)
    limit_seconds: 5
    net_grants:  # two
      # spring
      - start_date: "2026-01-01T00:00:00Z"
        net_grant_seconds: 10
      # autumn
      - net_grant_seconds: 20  # more
        start_date: "2026-02-01T00:00:00Z"
    # the end
"""


class TestGrants:
    def test_one_goes_with_its_lines(self) -> None:
        text = config(GRANTS)
        assert diff(text, edited(text, dropped(0))) == [
            '-       - start_date: "2026-01-01T00:00:00Z"\n',
            "-         net_grant_seconds: 10\n",
        ]

    def test_all_go_with_their_key(self) -> None:
        outcome = edited(config(GRANTS), dropped(0, 1))
        assert "net_grants" not in outcome
        assert "# the end" in outcome

    def test_where_the_key_stands_behind_the_dash_it_stays_empty(self) -> None:
        text = config(f"""
- net_grants :  # two
  - start_date: "2026-01-01T00:00:00Z"
    net_grant_seconds: 10
  name: a
  crn: {crn("a")!r}
  limit_seconds: 5
""")
        assert diff(text, edited(text, dropped(0)))[1] == "+ - net_grants : []  # two\n"

    @pytest.mark.parametrize("grants", ["[{start_date: '2026-01-01T00:00:00Z', net_grant_seconds: 1}]"])
    def test_in_flow_style_they_are_refused(self, grants: str) -> None:
        text = config(f"""
        - name: a
          crn: CRN(a)
          limit_seconds: 5
          net_grants: {grants}
        """)
        with pytest.raises(CannotEdit, match="one line for each key"):
            edited(text, dropped(0))
        assert edited(text, renamed(a="b")) == text.replace("name: a", "name: b")


LAYOUTS = {
    "dash alone": """
      -
        name: x
        crn: CRN(a)
      -
        name: y
        crn: CRN(b)
    """,
    "dash alone with a comment": """
      -   # one
        name: x
        crn: CRN(a)
      - # two

        # more of it
        name: y
        crn: CRN(b)
    """,
    "deep": """
            -     name: x
                  crn: CRN(a)
            -     name: y
                  crn: CRN(b)
    """,
    "no indentation": """
- crn: CRN(a)
  name: x
- crn: CRN(b)
  name: y
""",
    "values on lines of their own": """
      - name:
          x
        crn:
          CRN(a)
      - name:
          y
        crn:
          CRN(b)
    """,
    "quoted keys": """
      - "name": x
        'crn': CRN(a)
      - "name": y
        'crn': CRN(b)
    """,
    "multi-line plain name": """
      - name: x
        crn: CRN(a)
      - name: a name on
          two lines
        crn: CRN(b)
    """,
    "# within quotes": """
      - name: "x # no: comment"  # a comment
        crn: CRN(a)
      - name: 'y # - neither'
        crn: CRN(b)
    """,
    "tabs in comments and behind values": """
      - name: x\t# tab
        #\tmore
        crn: CRN(a)\t
      - name: y
        crn: CRN(b)
      #\tthe end
    """,
    "block scalar": """
      - name: |-
          x
        crn: CRN(a)
      - name: >-
          y
        crn: CRN(b)
    """,
    "another section below": """
      - name: x
        crn: CRN(a)
      - name: y
        crn: CRN(b)

# bounds
guardrails:
  max_changes: 5
""",
    "end of the document": """
      - name: x
        crn: CRN(a)
      - name: y
        crn: CRN(b)
...
# after it
""",
}

ONE_LINE_NAMES = sorted(set(LAYOUTS) - {"block scalar", "multi-line plain name"})


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["no BOM", "BOM"])
@pytest.mark.parametrize("end", ["\n", ""], ids=["final newline", "none"])
class TestLayouts:
    def text(self, layout: str, newline: str, start: str, end: str) -> str:
        return start + (config(LAYOUTS[layout]).strip() + end).replace("\n", newline)

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_limits_additions_and_removals_in_any_layout(self, layout: str, newline: str, start: str, end: str) -> None:
        text = self.text(layout, newline, start, end)
        lines = text.splitlines()
        outcome = edited(text, limited(a=5, b=6))
        assert [line for line in outcome.splitlines() if "limit_seconds" not in line] == lines
        assert not {"\r", "\n"} & set(outcome.replace(newline, "")), "every line ends as the others do"
        outcome = edited(text, added(limit=LimitRule.LIVE))
        assert [line for line in outcome.splitlines() if "new" not in line and crn("e") not in line] == lines
        for label in "ab":
            left = edited(text, removed(label))
            assert is_subsequence(left.splitlines(), lines)
            assert crn(label) not in left
            assert left.startswith(start)

    @pytest.mark.parametrize("layout", ONE_LINE_NAMES)
    def test_names(self, layout: str, newline: str, start: str, end: str) -> None:
        text = self.text(layout, newline, start, end)
        outcome = edited(text, renamed(b="it's #1: é"))
        assert len(outcome.splitlines()) == len(text.splitlines())
        assert outcome.endswith(newline) == text.endswith(newline)
        changed = [old for old, new in zip(text.splitlines(), outcome.splitlines(), strict=True) if old != new]
        assert len(changed) == 1
        assert "y" in changed[0]


class TestNamesKeepTheirQuotes:
    @pytest.mark.parametrize(
        ("old", "name", "new"),
        [
            ("plain", "other-name", "other-name"),
            ("plain", "two words", '"two words"'),
            ("plain", "yes", '"yes"'),
            ("plain", "1e3", '"1e3"'),
            ("plain", "null", '"null"'),
            ("plain", "a: b", '"a: b"'),
            ("'single'", "other # name", "'other # name'"),
            ("'single'", "it's", '"it\'s"'),
            ('"double"', "other", '"other"'),
            ('"double"', 'q"\\', '"q\\"\\\\"'),
            ("'single'", "nel\u00a0", '"nel\u00a0"'),
        ],
    )
    def test_where_they_can(self, old: str, name: str, new: str) -> None:
        text = config(f"""
        - name: {old} # why
          crn: CRN(a)
        """)
        assert edited(text, renamed(a=name)) == text.replace(old, new)


class TestEmptyList:
    """A file that lists no instances takes the first ones."""

    @pytest.mark.parametrize(
        ("written", "opened"),
        [("instances: []", "instances:"), ("instances: [ ]  # none yet", "instances:   # none yet")],
    )
    def test_the_first_instances_are_added_below_it(self, written: str, opened: str) -> None:
        new = f'  - name: "new"\n    crn: "{crn("e")}"\n    limit_seconds: 7\n'
        assert edited(f"{HEAD}{written}\n# the end\n", added()) == f"{HEAD}{opened}\n{new}# the end\n"

    def test_without_an_end_of_line(self) -> None:
        new = f'  - name: "new"\n    crn: "{crn("e")}"\n    limit_seconds: none\n'
        assert edited(f"{HEAD}instances: []", added(limit=LimitRule.NONE)) == f"{HEAD}instances:\n{new}"

    def test_brackets_on_two_lines_are_left_to_a_person(self) -> None:
        with pytest.raises(CannotEdit):
            edited(f"{HEAD}instances: [\n  ]\n", added())

    def test_a_file_all_in_flow_style_is_too(self) -> None:
        text = f"{{account_id: {ACCOUNT_ID}, plan: premium, minimum_allocation_seconds: 60, instances: []}}\n"
        with pytest.raises(CannotEdit, match="block list"):
            edited(text, added())


class TestRefused:
    @pytest.mark.parametrize("layout", ["block scalar", "multi-line plain name"])
    def test_a_new_name_for_one_on_several_lines(self, layout: str) -> None:
        with pytest.raises(CannotEdit, match="takes several lines"):
            edited(config(LAYOUTS[layout]), renamed(b="new"))

    @pytest.mark.parametrize(
        "instances",
        [
            f'instances: [{{name: a, crn: "{crn("a")}"}}]\n',
            f'instances:\n  - {{name: a, crn: "{crn("a")}"}}\n',
            f'instances:\n  - name: b\n    crn: "{crn("b")}"\n  - {{name: a,\n     crn: "{crn("a")}"}}\n',
        ],
    )
    @pytest.mark.parametrize("changes", [renamed(a="new"), limited(a=4), added()], ids=["name", "limit", "addition"])
    def test_instances_in_flow_style(self, instances: str, changes: Reconciliation) -> None:
        with pytest.raises(CannotEdit, match=r"config.yaml cannot be updated: .* block list"):
            edited(HEAD + instances, changes)

    def test_an_outcome_that_would_be_no_config_file(self) -> None:
        with pytest.raises(CannotEdit, match="would not be a valid config file"):
            edited(TWO, removed("a", "b"))

    def test_a_text_that_is_not_what_the_settings_were_read_from(self) -> None:
        with pytest.raises(CannotEdit) as refusal:
            edit_config(TWO, PATH, parse(TWO.replace("60", "61").encode(), PATH), renamed(a="new"))
        assert refusal.value.remedy is Remedy.EDIT_BY_HAND


def is_subsequence(part: Sequence[str], whole: Sequence[str]) -> bool:
    rest = iter(whole)
    return all(line in rest for line in part)


# --- any file, any changes ----------------------------------------------------------------------------------------


@dataclass
class Written:
    """A config file's lines, each with what it belongs to: None (nobody), or an instance and a part of it."""

    lines: list[tuple[str, tuple[str, str] | None]] = field(default_factory=list)

    def add(self, line: str, label: str | None = None, part: str = "") -> None:
        self.lines.append((line, None if label is None else (label, part)))


@dataclass(frozen=True)
class Case:
    text: str
    changes: Reconciliation
    untouched: tuple[str, ...]
    changed_names: int
    inserted: int


_names = st.one_of(
    st.text(st.sampled_from("ab #:-'\"é{[&*!|>%@`,?\\~"), min_size=1, max_size=8).filter(str.strip),
    st.sampled_from(["yes", "null", "12", "2026-01-01", "- x", "# y", "a: b", "name"]),
)
_comments = st.sampled_from(["# note", "#", "# - name: x", "#\ttab", "# crn: 'y", "# ünïcode"])


def _in_quotes(name: str, style: str) -> str:
    if style == "single":
        return "'" + name.replace("'", "''") + "'"
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def cases(draw: st.DrawFn) -> Case:
    labels = [f"i{number}" for number in range(draw(st.integers(1, 5)))]
    dash = draw(st.sampled_from([0, 2, 4]))
    key = dash + 1 + draw(st.integers(1, 3))
    is_alone = draw(st.booleans())
    file = Written()
    for line in HEAD.splitlines():
        file.add(line)
        if draw(st.booleans()):
            file.add(draw(_comments))
    file.add("instances:")
    going = draw(st.sets(st.sampled_from(labels), max_size=len(labels) - 1))
    new_names = {label: draw(_names) for label in labels if label not in going and draw(st.booleans())}
    limits: dict[str, int] = {}
    drops: dict[str, tuple[int, ...]] = {}
    for label in labels:
        for _ in range(draw(st.integers(0, 2))):
            file.add(draw(st.one_of(st.just(""), _comments.map(lambda text: " " * dash + text))))
        grants = draw(st.integers(0, 3))
        has_limit = grants > 0 or draw(st.booleans())
        if label not in going and not has_limit and draw(st.booleans()):
            limits[label] = draw(st.integers(0, 10**6))
        if label not in going and grants:
            drops[label] = tuple(sorted(draw(st.sets(st.sampled_from(range(grants)), max_size=grants))))
        _write_item(draw, file, label, dash, key, is_alone, grants, has_limit)
    if draw(st.booleans()):
        for line in ("", "# bounds", "guardrails:", "  max_changes: 5"):
            file.add(line)
    new = [
        InstanceSettings(draw(_names), crn(f"n{number}"), draw(st.sampled_from(LimitRule) | st.integers(0, 9)))
        for number in range(draw(st.integers(0, 2)))
    ]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    text = newline.join(line for line, _ in file.lines) + draw(st.sampled_from([newline, ""]))
    changes = Reconciliation(
        tuple(new),
        {crn(label): WhyRemoved.ARCHIVED for label in going},
        {crn(label): name for label, name in new_names.items()},
        {crn(label): limit for label, limit in limits.items()},
        {crn(label): indexes for label, indexes in drops.items() if indexes},
    )

    def is_touched(label: str, part: str) -> bool:
        return (
            label in going
            or (part == "name" and label in new_names)
            or (part.startswith("grant ") and int(part[6:]) in drops.get(label, ()))
            or (part.startswith("all grants ") and len(drops.get(label, ())) == int(part[11:]))
        )

    return Case(
        draw(st.sampled_from(["", "\ufeff"])) + text,
        changes,
        tuple(line for line, owner in file.lines if owner is None or not is_touched(*owner)),
        len(new_names),
        len(limits) + sum(2 + (each.limit_seconds is not LimitRule.LIVE) for each in new),
    )


def _write_item(
    draw: st.DrawFn,
    file: Written,
    label: str,
    dash: int,
    key: int,
    is_alone: bool,
    grants: int,
    has_limit: bool,
) -> None:
    style = draw(st.sampled_from(["plain", "single", "double"]))
    name = draw(_names)
    trailing = draw(st.sampled_from(["", " # trailing", "\t# tab"]))
    value = f"plain-{label}" if style == "plain" else _in_quotes(name, style)
    keys = ["name", "crn", *(["limit"] if has_limit else []), *(["grants"] if grants else [])]
    order = draw(st.permutations(keys))
    if order[0] == "grants":
        order = [*order[1:], "grants"]  # behind the dash it is another case: its line changes
    pad = " " * key
    if is_alone:
        file.add(" " * dash + "-" + draw(st.sampled_from(["", "  # the dash"])), label)
    for position, each in enumerate(order):
        lead = pad if position or is_alone else (" " * dash + "-").ljust(key)
        if position and draw(st.booleans()):
            file.add(pad + draw(_comments), label)
        if each == "name":
            file.add(f"{lead}name: {value}{trailing}", label, "name")
        elif each == "crn":
            file.add(f'{lead}crn: "{crn(label)}"{trailing}', label)
        elif each == "limit":
            file.add(f"{lead}limit_seconds: 5{trailing}", label)
        else:
            file.add(f"{lead}net_grants:{trailing}", label, f"all grants {grants}")
            inner = key + draw(st.sampled_from([0, 2]))
            for number in range(grants):
                file.add(f"{' ' * inner}- net_grant_seconds: {number + 1}{trailing}", label, f"grant {number}")
                file.add(f"{' ' * inner}  start_date: 2026-01-0{number + 1}T00:00:00Z", label, f"grant {number}")


@given(cases())
def test_any_file_says_what_was_meant_and_keeps_every_other_line(case: Case) -> None:
    outcome = edited(case.text, case.changes)
    lines = outcome.removeprefix("\ufeff").split("\r\n" if "\r\n" in case.text else "\n")
    assert is_subsequence(case.untouched, lines)
    assert len([line for line in lines if line]) == (
        len([line for line in case.untouched if line]) + case.changed_names + case.inserted
    )
    assert outcome.startswith("\ufeff") == case.text.startswith("\ufeff")


def test_a_grant_that_ends_is_found_by_its_place_not_its_values() -> None:
    """Two grants alike: the one that is named goes."""
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    text = config(f"""
    - name: a
      crn: CRN(a)
      limit_seconds: 5
      net_grants:
        - start_date: {start.isoformat()}
          net_grant_seconds: 10  # one
        - start_date: {start.isoformat()}
          net_grant_seconds: 10  # two
    """)
    outcome = edited(text, dropped(1))
    assert "# one" in outcome
    assert "# two" not in outcome
    (left,) = parse(outcome.encode(), PATH).instances[0].net_grants
    assert left.end_date == date(2026, 1, 1) + timedelta(days=28)


def test_names_of_instances_are_told_apart_by_crn_alone() -> None:
    text = config("""
    - name: same
      crn: CRN(a)
    - name: same
      crn: CRN(b)
    """)
    settings = parse(text.encode(), PATH)
    outcome = edit_config(text, PATH, settings, renamed(b="other"))
    assert [(each.name, each.crn) for each in parse(outcome.encode(), PATH).instances] == [
        ("same", Crn(crn("a"))),
        ("other", Crn(crn("b"))),
    ]


class TestGroups:
    GROUPS = "groups:\n  - name: chem  # who pays\n    share_percent: 40\nsharing: {equal_percent: 25}\n"
    INSTANCES = """
  - name: first
    crn: CRN(a)
    group: chem
  - name: second
    group: "chem"   # since May
    crn: CRN(b)
"""

    @pytest.mark.parametrize("below", [False, True])
    def test_they_stay_and_a_new_instance_is_in_none(self, below: bool) -> None:
        text = config(self.INSTANCES, HEAD if below else HEAD + self.GROUPS) + (self.GROUPS if below else "")
        new = edited(text, added("c", LimitRule.LIVE))
        assert diff(text, new) == ['+   - name: "new"\n', f'+     crn: "{crn("c")}"\n']
        assert [each.group for each in parse(new.encode(), PATH).instances] == ["chem", "chem", None]

    def test_one_that_goes_takes_its_group_along_and_a_limit_comes_in_beside_it(self) -> None:
        text = config(self.INSTANCES, HEAD + self.GROUPS)
        assert [line[2:] for line in diff(text, edited(text, removed("b")))] == [
            "  - name: second\n",
            '    group: "chem"   # since May\n',
            f'    crn: "{crn("b")}"\n',
        ]
        assert diff(text, edited(text, limited(a=5))) == ["+     limit_seconds: 5\n"]
