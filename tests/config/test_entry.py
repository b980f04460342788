"""One entry edited: the lines of its keys change, all others stay byte for byte, whatever the layout."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.config import BadEntry, CannotEdit, EntryEdit, edit_entry, parse
from qauvern.errors import Remedy
from qauvern.model import NO_GROUP, LimitRule, NetGrant
from tests.config.test_edit import HEAD, config, diff
from tests.helpers.make import crn

PATH = Path("config.yaml")
GRANT = NetGrant(date(2026, 12, 1), date(2027, 1, 31), 36_000)
GROUPS = HEAD + "groups:\n  - name: archive\n  - name: physics and more\n"

TEXT = config(
    """
  # the team of a
  - name: first  # ours
    crn: CRN(a)
    limit_seconds: 5  # since May
    net_grants:
      - start_date: "2026-01-01T00:00:00Z"  # the first
        net_grant_seconds: 7
    # the end of a

  - crn: CRN(b)
    name: 'second'
    group: archive # for now
  - {name: third, crn: CRN(c)}
""".replace("  - {name: third, crn: CRN(c)}\n", "  - name: third\n    crn: CRN(c)\n    net_grants: []  # none yet\n"),
    GROUPS,
)


def edited(label: str, edit: EntryEdit, text: str = TEXT) -> list[str]:
    """The lines that go and come; the outcome must say what the edit comes to."""
    settings = parse(text.encode(), PATH)
    outcome = edit_entry(text, PATH, settings, crn(label), edit)
    entries = {each.crn: each for each in parse(outcome.encode(), PATH).instances}
    assert entries == {
        each.crn: edit.applied_to(each) if each.crn == crn(label) else each for each in settings.instances
    }
    return diff(text, outcome)


class TestLimit:
    def test_is_replaced_in_its_line(self) -> None:
        assert edited("a", EntryEdit(limit=72_000)) == [
            "-     limit_seconds: 5  # since May\n",
            "+     limit_seconds: 72000  # since May\n",
        ]

    def test_is_added_below_the_crn(self) -> None:
        assert edited("b", EntryEdit(limit=9)) == ["+     limit_seconds: 9\n"]

    def test_none_is_a_word(self) -> None:
        assert edited("b", EntryEdit(limit=LimitRule.NONE)) == ["+     limit_seconds: none\n"]

    def test_live_takes_the_key_away(self) -> None:
        text = config("\n  - name: x\n    crn: CRN(a)\n    limit_seconds: none\n    # stays\n")
        assert edited("a", EntryEdit(limit=LimitRule.LIVE), text) == ["-     limit_seconds: none\n"]

    @pytest.mark.parametrize("rule", LimitRule)
    def test_net_grants_need_one(self, rule: LimitRule) -> None:
        with pytest.raises(BadEntry) as caught:
            edited("a", EntryEdit(limit=rule))
        assert caught.value.remedy is Remedy.TAKE_GRANTS_OUT


class TestGroup:
    def test_is_replaced_and_quoted_where_it_takes_quotes(self) -> None:
        assert edited("b", EntryEdit(group="physics and more")) == [
            "-     group: archive # for now\n",
            '+     group: "physics and more" # for now\n',
        ]

    def test_none_takes_the_key_away(self) -> None:
        assert edited("b", EntryEdit(group=NO_GROUP)) == ["-     group: archive # for now\n"]

    def test_none_where_there_is_none_changes_nothing(self) -> None:
        assert edited("a", EntryEdit(group=NO_GROUP)) == []

    def test_unknown(self) -> None:
        with pytest.raises(BadEntry) as caught:
            edited("a", EntryEdit(group="chemistry"))
        assert caught.value.remedy is Remedy.NAME_A_GROUP


class TestGrant:
    def test_goes_behind_those_that_are_there(self) -> None:
        assert edited("a", EntryEdit(grant=GRANT)) == [
            '+       - start_date: "2026-12-01T00:00:00Z"\n',
            '+         end_date: "2027-01-31T00:00:00Z"\n',
            "+         net_grant_seconds: 36000\n",
        ]

    def test_opens_an_empty_list(self) -> None:
        assert edited("c", EntryEdit(limit=60, grant=GRANT)) == [
            "+     limit_seconds: 60\n",
            "-     net_grants: []  # none yet\n",
            "+     net_grants:  # none yet\n",
            '+       - start_date: "2026-12-01T00:00:00Z"\n',
            '+         end_date: "2027-01-31T00:00:00Z"\n',
            "+         net_grant_seconds: 36000\n",
        ]

    def test_is_the_first_of_an_entry_that_has_none(self) -> None:
        lines = edited("b", EntryEdit(limit=60, grant=GRANT))
        assert [line[:1] for line in lines] == ["+"] * 5
        assert "+     net_grants:\n" in lines

    def test_without_a_limit(self) -> None:
        with pytest.raises(BadEntry) as caught:
            edited("b", EntryEdit(grant=GRANT))
        assert caught.value.remedy is Remedy.SET_A_LIMIT
        assert caught.value.facts["crn"] == crn("b")


class TestLayout:
    @pytest.mark.parametrize(
        "entry",
        [
            "  - {name: x, crn: CRN(a), limit_seconds: 5}\n",
            "  - name: x\n    crn: CRN(a)\n    limit_seconds:\n      5\n",
            (
                "  - limit_seconds: 5\n    net_grants: [{start_date: '2026-01-01T00:00:00Z', net_grant_seconds: 7}]\n"
                "    name: x\n    crn: CRN(a)\n"
            ),
        ],
    )
    def test_that_cannot_be_edited_line_by_line_is_left_to_a_person(self, entry: str) -> None:
        with pytest.raises(CannotEdit):
            edited("a", EntryEdit(limit=7, grant=GRANT), config("\n" + entry))

    @given(
        st.sampled_from(["\n", "\r\n"]),
        st.booleans(),
        st.integers(0, 10**6),
        st.sampled_from([None, "archive", "physics and more"]),
        st.booleans(),
    )
    def test_any_file_keeps_every_other_line(
        self, newline: str, ends_early: bool, limit: int, group: str | None, grants: bool
    ) -> None:
        text = TEXT.replace("\n", newline)
        text = text.rstrip() if ends_early else text
        edit = EntryEdit(limit=limit, group=group, grant=GRANT if grants else None)
        for label in "abc":
            outcome = edit_entry(text, PATH, parse(text.encode(), PATH), crn(label), edit)
            changed = diff(text, outcome)
            gone = [line for line in changed if line.startswith("-")]
            assert all(
                any(key in line for key in ("limit_seconds:", "group:", "net_grants: []")) or ends_early
                for line in gone
            )
            assert all(line.endswith(newline) for line in outcome.splitlines(keepends=True)[:-1])
