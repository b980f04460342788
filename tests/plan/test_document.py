"""The plan document: what goes in comes out, and what was touched is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.errors import Remedy
from qauvern.model import (
    BillingPlan,
    Group,
    Guardrails,
    InstanceSettings,
    NetGrant,
    Reserve,
    ReserveBasis,
    Settings,
    Sharing,
)
from qauvern.plan import (
    BadSavedPlan,
    Change,
    Holding,
    SavedPlan,
    config_digest,
    parse_holding,
    parse_plan,
    plan_document,
    plan_text,
)
from tests.helpers.account import change
from tests.helpers.make import ACCOUNT_ID, NOW, Team, crn, settings

SETTINGS = settings([Team("a"), Team("b", limit=50)])
PLAN = SavedPlan(
    account_id=ACCOUNT_ID,
    plan=BillingPlan.PREMIUM,
    endpoint_family="production",
    config_digest=config_digest(SETTINGS),
    made_at=NOW,
    changes=(change("a", 100, 250), change("b", 300, 150, limits=(None, 50))),
)

seconds = st.integers(1, 10**12)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


class TestRoundTrip:
    def test_what_is_written_is_what_is_read(self) -> None:
        assert parse_plan(plan_text(PLAN)) == PLAN

    @given(
        names=st.lists(names, max_size=5),
        figures=st.lists(st.tuples(seconds, seconds, st.none() | seconds, st.none() | seconds), min_size=5, max_size=5),
        reason=names,
    )
    def test_also_for_any_name_and_figure(
        self, names: list[str], figures: list[tuple[int, int, int | None, int | None]], reason: str
    ) -> None:
        changes = tuple(
            Change(name, crn(f"i{index}"), Holding(before, old), Holding(after, new), reason)
            for index, (name, (before, after, old, new)) in enumerate(zip(names, figures, strict=False))
        )
        assert parse_plan(plan_text(replace(PLAN, changes=changes))).changes == changes

    def test_changes_are_sorted_whatever_their_order(self) -> None:
        assert plan_text(replace(PLAN, changes=PLAN.changes[::-1])) == plan_text(PLAN)

    def test_names_are_readable(self) -> None:
        named = replace(PLAN, changes=(replace(PLAN.changes[0], name="Zürich 量子"),))
        assert "Zürich 量子" in plan_text(named)


class TestDigest:
    @given(st.data())
    def test_any_change_of_a_character_is_refused_or_means_the_same(self, data: st.DataObject) -> None:
        text = plan_text(PLAN)
        at = data.draw(st.integers(0, len(text) - 1))
        character = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
        damaged = text[:at] + character + text[at + 1 :]
        try:
            parsed = parse_plan(damaged)
        except BadSavedPlan:
            return
        assert parsed == PLAN

    @pytest.mark.parametrize("key", list(plan_document(PLAN)))
    def test_every_part_is_needed(self, key: str) -> None:
        content = plan_document(PLAN)
        del content[key]
        with pytest.raises(BadSavedPlan):
            parse_plan(json.dumps(content))


FIRST_VERSION = """\
{
  "format": "qauvern plan",
  "version": 1,
  "made_at": "2026-03-15T12:00:00+00:00",
  "account_id": "0123456789abcdef0123456789abcdef",
  "plan": "premium",
  "endpoint_family": "production",
  "config_digest": "sha256:00",
  "changes": [
    {
      "name": "Zürich",
      "crn": "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef0123456789abcdef:a::",
      "before": {
        "allocation_seconds": 100,
        "limit_seconds": null
      },
      "after": {
        "allocation_seconds": 250,
        "limit_seconds": 0
      },
      "reason": "share"
    }
  ],
  "digest": "sha256:3f38870660d2a347eef714ec87a4fe3eb88e55d74e95e497c2b2bf9e989e2854"
}
"""


class TestFormat:
    """A plan that was saved must stay readable, so its text and its digest are fixed."""

    plan = replace(
        PLAN,
        config_digest="sha256:00",
        changes=(Change("Zürich", crn("a"), Holding(100, None), Holding(250, 0), "share"),),
    )

    def test_is_written(self) -> None:
        assert plan_text(self.plan) == FIRST_VERSION

    def test_is_read(self) -> None:
        assert parse_plan(FIRST_VERSION) == self.plan


def digest_of(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def damaged(damage: Callable[[dict[str, Any]], object]) -> str:
    """The plan's text with something else in it, and a digest that fits."""
    content = plan_document(PLAN)
    del content["digest"]
    damage(content)
    return json.dumps({**content, "digest": digest_of(content)})


def change_with(**parts: object) -> str:
    return damaged(lambda content: content["changes"][1].update(parts))


class TestRefusals:
    """Each says why, and offers a new plan."""

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("{", "it is not JSON"),
            ("[" * 100_000, "it is not JSON"),
            ("[]", "it is not an object"),
            ("{}", "it is not a plan saved by qauvern"),
            (damaged(lambda plan: plan.update(version=2)), "its version is 2, and this qauvern reads version 1"),
            (damaged(lambda plan: plan.update(version=True)), "its version is True, and this qauvern reads version 1"),
            (
                plan_text(PLAN).replace("250", "251"),
                "its digest does not match its content: it was changed or damaged after it was saved",
            ),
            (
                '{"format": "qauvern plan", "version": 1, "account_id": "\\ud800"}',
                "its digest does not match its content: it was changed or damaged after it was saved",
            ),
            (damaged(lambda plan: plan.update(account_id=7)), "account_id is missing or not text"),
            (damaged(lambda plan: plan.pop("endpoint_family")), "endpoint_family is missing or not text"),
            (damaged(lambda plan: plan.update(plan="gold")), "its billing plan is 'gold', which is not a known one"),
            (damaged(lambda plan: plan.update(made_at="today")), "made_at is not a date"),
            (damaged(lambda plan: plan.update(made_at="2026-03-15T12:00:00")), "made_at has no UTC offset"),
            (damaged(lambda plan: plan.update(changes="none")), "its changes are not a list"),
            (damaged(lambda plan: plan.update(changes={})), "its changes are not a list"),
            (damaged(lambda plan: plan.update(changes=["none"])), "a change is not an object"),
            (damaged(lambda plan: plan["changes"].append(plan["changes"][0])), "it changes an instance twice"),
            (
                change_with(crn="b"),
                (
                    "'b' is not the CRN of a quantum service instance: it reads "
                    "crn:v1:bluemix:public:quantum-computing:REGION:a/ACCOUNT:GUID::"
                ),
            ),
            (change_with(before=None), "before or after is not an object"),
            (
                change_with(after={"allocation_seconds": 0, "limit_seconds": None}),
                "it would archive b: its new allocation is 0",
            ),
            (
                change_with(after={"allocation_seconds": None, "limit_seconds": None}),
                "it would give b an allocation where there is none, or take it away",
            ),
        ],
    )
    def test_of_a_plan(self, text: str, why: str) -> None:
        with pytest.raises(BadSavedPlan) as refusal:
            parse_plan(text)
        assert str(refusal.value) == f"the saved plan cannot be applied: {why}. Nothing was written"
        assert refusal.value.remedy is Remedy.SAVE_A_PLAN

    def test_of_one_that_is_read_but_nested_too_deeply_to_be_written_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At which depth, if at any, is up to the Python."""

        def too_deep(_content: object) -> str:
            raise RecursionError

        text = plan_text(PLAN)
        monkeypatch.setattr("qauvern.plan.document._canonical", too_deep)
        with pytest.raises(BadSavedPlan, match=r"nested too deeply, or holds a number that is too long\. Nothing was"):
            parse_plan(text)

    @pytest.mark.parametrize("figure", [-1, 10**12 + 1, 1.5, 5.0, True, "5", [5], "missing"])
    def test_of_a_figure(self, figure: object) -> None:
        holding = {"allocation_seconds": 5, "limit_seconds": figure}
        if figure == "missing":
            del holding["limit_seconds"]
        with pytest.raises(BadSavedPlan, match="applied: limit_seconds is not a number of whole seconds"):
            parse_holding(holding)

    @pytest.mark.parametrize("figure", [None, 0, 1, 10**12])
    def test_of_no_figure_that_may_be(self, figure: int | None) -> None:
        assert parse_holding({"allocation_seconds": figure, "limit_seconds": figure}) == Holding(figure, figure)


class TestConfigDigest:
    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param(replace(SETTINGS, minimum_allocation_seconds=11), id="minimum"),
            pytest.param(replace(SETTINGS, reserve=Reserve(Decimal("0.1"))), id="reserve"),
            pytest.param(replace(SETTINGS, guardrails=Guardrails(max_changes=1)), id="guardrail"),
            pytest.param(replace(SETTINGS, instances=SETTINGS.instances[:1]), id="an instance less"),
            pytest.param(
                replace(SETTINGS, instances=(replace(SETTINGS.instances[0], limit_seconds=1), SETTINGS.instances[1])),
                id="a limit",
            ),
            pytest.param(replace(SETTINGS, groups=(Group("g"),)), id="a group"),
            pytest.param(
                replace(SETTINGS, instances=(replace(SETTINGS.instances[0], group="g"), SETTINGS.instances[1])),
                id="the group of an instance",
            ),
            pytest.param(replace(SETTINGS, sharing=Sharing(Decimal("0.1"))), id="equal parts"),
        ],
    )
    def test_what_the_file_says_counts(self, changed: object) -> None:
        assert config_digest(changed) != config_digest(SETTINGS)  # type: ignore[arg-type]

    def test_the_order_of_the_instances_does_not(self) -> None:
        assert config_digest(replace(SETTINGS, instances=SETTINGS.instances[::-1])) == config_digest(SETTINGS)

    @pytest.mark.parametrize("part", [{"share_percent": Decimal(1)}, {"limit_seconds": 1}, {"name": "h"}])
    def test_all_of_a_group_counts(self, part: dict[str, object]) -> None:
        groups = Group("g"), Group("f")
        changed = replace(groups[0], **part), groups[1]  # type: ignore[arg-type]
        assert config_digest(replace(SETTINGS, groups=changed)) != config_digest(replace(SETTINGS, groups=groups))

    def test_the_order_of_the_groups_does_not(self) -> None:
        groups = Group("g"), Group("f")
        assert config_digest(replace(SETTINGS, groups=groups[::-1])) == config_digest(replace(SETTINGS, groups=groups))

    def test_without_groups_and_equal_parts_it_is_that_of_0_1_0(self) -> None:
        """Made by that version: plans that it saved still apply."""
        settings = Settings(
            ACCOUNT_ID,
            BillingPlan.PREMIUM,
            60,
            (
                InstanceSettings("chem", crn("chem"), 500, (NetGrant(date(2026, 3, 1), date(2026, 3, 29), 50),)),
                InstanceSettings("arts", crn("arts")),
            ),
            Reserve(Decimal("12.5"), ReserveBasis.BUDGET),
            Guardrails(max_changes=5),
            sharing=Sharing(Decimal("0.0")),
        )
        digest = "sha256:db40d18aa027874082706002b4dc9fcc20772e7cc63af32cc62a2071db2567be"
        assert config_digest(settings) == digest
