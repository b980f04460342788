"""What is not enforced is a change although nothing differs; what is counted in resource units is not written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from qauvern.balance import propose
from qauvern.errors import Remedy
from qauvern.model import BillingPlan, Enforced, Instance, ResourceUnits, Snapshot, Usage
from qauvern.plan import (
    CountedInUnits,
    Phase,
    SavedPlan,
    changes_of,
    config_digest,
    fit,
    live_notices,
    parse_plan,
    plan_text,
    refuse_resource_units,
)
from tests.helpers.make import ACCOUNT_ID, NOW, TODAY, Team, crn, settings, snapshot

TEAMS = [Team("busy", 990, consumed=90, active=90), Team("idle", 10, consumed=0)]
SETTINGS = settings(TEAMS)
A = crn("a")
LAGS = Enforced(990, 50)


def enforcing(enforced: Enforced | None, teams: Sequence[Team] = TEAMS) -> Snapshot:
    """The account, in which these values are enforced of the busy team."""
    taken = snapshot(teams, budget=1000)
    busy = teams[0].crn
    return replace(taken, usage={**taken.usage, busy: replace(taken.usage[busy], enforced=enforced)})


class TestRewrites:
    def test_where_all_is_enforced_there_is_no_change(self) -> None:
        for enforced in (None, Enforced(None, None), Enforced(990, None)):
            assert changes_of(propose(enforcing(enforced), SETTINGS, TODAY)) == ()

    def test_what_is_not_enforced_is_written_again(self) -> None:
        (change,) = changes_of(propose(enforcing(LAGS), SETTINGS, TODAY))
        assert (change.name, change.reason, change.is_rewrite) == ("busy", "not enforced", True)
        assert (change.before, change.phase, change.allocation_delta) == (change.after, Phase.LIMIT_ONLY, 0)

    def test_in_a_saved_plan_it_is_to_do_until_it_is_enforced(self) -> None:
        changes = changes_of(propose(enforcing(LAGS), SETTINGS, TODAY))
        saved = SavedPlan(ACCOUNT_ID, BillingPlan.PREMIUM, "production", config_digest(SETTINGS), NOW, changes)
        plan = parse_plan(plan_text(saved))
        assert plan == saved
        for enforced, to_do, done in ((LAGS, changes, ()), (Enforced(990, None), (), changes)):
            now = enforcing(enforced)
            fitted = fit(plan, SETTINGS, now.instances, propose(now, SETTINGS, TODAY))
            assert (fitted.to_do, fitted.done, fitted.differences) == (to_do, done, ())

    def test_in_a_saved_plan_it_is_stale_where_others_changed_the_values(self) -> None:
        changes = changes_of(propose(enforcing(LAGS), SETTINGS, TODAY))
        plan = SavedPlan(ACCOUNT_ID, BillingPlan.PREMIUM, "production", config_digest(SETTINGS), NOW, changes)
        now = enforcing(LAGS, [replace(TEAMS[0], allocation=980), TEAMS[1]])
        assert fit(plan, SETTINGS, now.instances, propose(now, SETTINGS, TODAY)).differences


class TestNotices:
    def test_nothing_is_said_of_an_account_in_order(self) -> None:
        live = {A: Instance("a", A, 100, None)}
        assert live_notices(live, {A: Usage(0, enforced=Enforced(100, None))}) == ()
        assert live_notices(live, {}) == ()

    def test_what_is_not_enforced_is_named_with_both_figures(self) -> None:
        (notice,) = live_notices({A: Instance("a", A, 100, 500)}, {A: Usage(0, enforced=Enforced(100, None))})
        assert (notice.remedy, notice.facts["crns"]) == (Remedy.WRITE_AGAIN, (A,))
        assert "'a' (limit none enforced, 500 s held)" in notice.text

    def test_of_many_the_first_are_named_and_the_rest_counted(self) -> None:
        live = {crn(f"i{n:02}"): Instance(f"i{n:02}", crn(f"i{n:02}"), 100, 500) for n in range(25)}
        (notice,) = live_notices(live, {each: Usage(0, enforced=Enforced(100, None)) for each in live})
        assert "'i19'" in notice.text
        assert "'i20'" not in notice.text
        assert "and 5 more" in notice.text

    @pytest.mark.parametrize(
        ("held", "used", "says"),
        [
            (ResourceUnits(Decimal("12.50"), None), None, "allocation 12.5 RU"),
            (None, ResourceUnits(Decimal(3), Decimal(40)), "consumed 3 RU, enforced limit 40 RU"),
        ],
    )
    def test_resource_units_are_shown_and_refuse_a_write(
        self, held: ResourceUnits | None, used: ResourceUnits | None, says: str
    ) -> None:
        live, usage = {A: Instance("a", A, 100, None, units=held)}, {A: Usage(0, units=used)}
        (notice,) = live_notices(live, usage)
        assert says in notice.text
        with pytest.raises(CountedInUnits) as caught:
            refuse_resource_units(live, usage)
        assert caught.value.facts["crns"] == (A,)

    def test_without_resource_units_a_write_is_not_refused(self) -> None:
        refuse_resource_units({A: Instance("a", A, 100, None)}, {A: Usage(0)})
