"""The plan document: what goes in comes out, and what was touched is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.model import Guardrails, Plan, Reserve
from qauvern.plan import BadPlan, Change, Holding, PlanDocument, config_digest, parse_plan, plan_document, plan_text
from tests.helpers.account import change
from tests.helpers.make import ACCOUNT_ID, NOW, Team, crn, settings

SETTINGS = settings([Team("a"), Team("b", limit=50)])
PLAN = PlanDocument(
    account_id=ACCOUNT_ID,
    plan=Plan.PREMIUM,
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
        except BadPlan:
            return
        assert parsed == PLAN

    @pytest.mark.parametrize("key", list(plan_document(PLAN)))
    def test_every_part_is_needed(self, key: str) -> None:
        content = plan_document(PLAN)
        del content[key]
        with pytest.raises(BadPlan):
            parse_plan(json.dumps(content))


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
        ],
    )
    def test_what_the_file_says_counts(self, changed: object) -> None:
        assert config_digest(changed) != config_digest(SETTINGS)  # type: ignore[arg-type]

    def test_the_order_of_the_instances_does_not(self) -> None:
        assert config_digest(replace(SETTINGS, instances=SETTINGS.instances[::-1])) == config_digest(SETTINGS)
