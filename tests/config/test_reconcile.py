"""What differs between the config file and the live account, and what the file is to say instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from qauvern.config import Reconciliation, Steps, WhyRemoved, reconcile
from qauvern.errors import QauvernError
from qauvern.model import (
    BalancePeriod,
    BillingPlan,
    Crn,
    Guardrails,
    Instance,
    InstanceSettings,
    LimitRule,
    Reserve,
    Settings,
)
from tests.helpers.make import ACCOUNT_ID, TODAY, crn, grant

GRANTS = (grant(TODAY, TODAY.replace(day=20), 5), grant(TODAY, TODAY.replace(day=25), 5))
PERIOD = BalancePeriod(datetime(2026, 1, 1, tzinfo=timezone.utc))


def live(label: str, *, name: str | None = None, held: int | None = 100, limit: int | None = None) -> Instance:
    return Instance(name or label, crn(label), held, limit)


def configured(label: str, **values: object) -> InstanceSettings:
    return replace(InstanceSettings(label, crn(label)), **values)  # type: ignore[arg-type]


def settings(*instances: InstanceSettings) -> Settings:
    return Settings(
        ACCOUNT_ID, BillingPlan.PREMIUM, 60, instances, Reserve(Decimal("12.5")), Guardrails(max_changes=3), PERIOD
    )


def found(
    file: Settings,
    *listed: Instance,
    region: str | None = None,
    steps: Steps | None = None,
    grants: Mapping[Crn, tuple[int, ...]] | None = None,
) -> Reconciliation:
    return reconcile(file, listed, region=region, steps=steps, grants_without_effect=grants or {})


EVERYTHING = settings(
    configured("old-name"),
    configured("gone"),
    configured("shut"),
    configured("full", limit_seconds=50, net_grants=GRANTS),
    configured("bare"),
)
LIVE = (
    live("old-name", name="new name"),
    live("shut", held=0),
    live("full", limit=70),
    live("bare", limit=80),
    live("fresh", limit=90),
    live("asleep", held=0),
)
DROPS = {crn("full"): (0,)}


class TestEachStep:
    changes = found(EVERYTHING, *LIVE, grants=DROPS)

    def test_new_instances_are_added_with_their_limit_and_archived_ones_are_not(self) -> None:
        assert self.changes.added == (InstanceSettings("fresh", crn("fresh"), 90, (), PERIOD),)

    def test_added_ones_come_by_name(self) -> None:
        changes = found(settings(configured("a")), live("a"), live("z"), live("m"), live("b"))
        assert [each.name for each in changes.added] == ["b", "m", "z"]

    def test_archived_and_missing_ones_go_with_the_reason(self) -> None:
        assert self.changes.removed == {crn("gone"): WhyRemoved.MISSING, crn("shut"): WhyRemoved.ARCHIVED}

    def test_names_follow_the_account(self) -> None:
        assert self.changes.renamed == {crn("old-name"): "new name"}

    def test_missing_limits_are_filled_in_and_none_is_overwritten(self) -> None:
        assert self.changes.limits == {crn("bare"): 80}

    def test_none_in_the_file_is_not_missing(self) -> None:
        assert found(settings(configured("a", limit_seconds=LimitRule.NONE)), live("a", limit=5)).is_empty

    def test_a_limit_of_0_in_the_file_is_not_missing(self) -> None:
        assert found(settings(configured("a", limit_seconds=0)), live("a", limit=5)).limits == {}

    def test_a_live_limit_of_0_is_taken_over(self) -> None:
        assert found(settings(configured("a")), live("a", limit=0)).limits == {crn("a"): 0}

    def test_grants_without_effect_go(self) -> None:
        assert self.changes.dropped_grants == {crn("full"): (0,)}

    @pytest.mark.parametrize(
        ("step", "part"),
        [
            ("add", "added"),
            ("remove", "removed"),
            ("names", "renamed"),
            ("limits", "limits"),
            ("net_grants", "dropped_grants"),
        ],
    )
    def test_each_can_be_switched_off_by_itself(self, step: str, part: str) -> None:
        changes = found(EVERYTHING, *LIVE, steps=Steps(**{step: False}), grants=DROPS)
        assert not getattr(changes, part)
        assert replace(changes, **{part: getattr(self.changes, part)}) == self.changes

    def test_nothing_to_do_is_empty(self) -> None:
        assert found(settings(configured("a")), live("a")).is_empty
        assert not self.changes.is_empty


class TestAppliedTo:
    def test_says_what_the_file_says_afterwards(self) -> None:
        changes = found(EVERYTHING, *LIVE, grants=DROPS)
        assert changes.applied_to(EVERYTHING) == settings(
            replace(configured("old-name"), name="new name"),
            configured("full", limit_seconds=50, net_grants=GRANTS[1:]),
            configured("bare", limit_seconds=80),
            InstanceSettings("fresh", crn("fresh"), 90, (), PERIOD),
        )

    def test_done_once_there_is_nothing_more_to_do(self) -> None:
        after = found(EVERYTHING, *LIVE, grants=DROPS).applied_to(EVERYTHING)
        assert found(after, *LIVE).is_empty


class TestRegion:
    file = settings(configured("us-gone"), configured("us"), InstanceSettings("eu-gone", crn("eu-gone", "eu-de")))
    listed = (live("us"), live("us-new"), Instance("eu-new", crn("eu-new", "eu-de"), 100, None))

    def test_only_its_entries_are_touched(self) -> None:
        changes = found(self.file, *self.listed, region="us-east")
        assert [each.name for each in changes.added] == ["us-new"]
        assert set(changes.removed) == {crn("us-gone")}

    def test_an_empty_list_of_that_region_is_taken_for_a_fault(self) -> None:
        with pytest.raises(QauvernError, match="lists no premium instance in eu-de any more"):
            found(self.file, live("us"), region="eu-de")

    def test_a_region_that_neither_has_is_no_difference(self) -> None:
        assert found(self.file, *self.listed, region="jp-tok").is_empty

    def test_the_last_of_a_region_may_go_where_others_stay(self) -> None:
        archived = Instance("eu-gone", crn("eu-gone", "eu-de"), 0, None)
        assert set(found(self.file, archived, region="eu-de").removed) == {crn("eu-gone", "eu-de")}


class TestWhatIsTakenForAFault:
    def test_a_list_that_is_suddenly_empty(self) -> None:
        with pytest.raises(QauvernError, match="nothing was changed"):
            found(settings(configured("a")))

    def test_a_list_of_another_account_alone(self) -> None:
        stranger = Instance("b", crn("b", account_id="f" * 32), 100, None)
        with pytest.raises(QauvernError, match="nothing was changed"):
            found(settings(configured("a")), stranger)

    def test_instances_of_another_account_are_never_added(self) -> None:
        stranger = Instance("b", crn("b", account_id="f" * 32), 100, None)
        assert found(settings(configured("a")), live("a"), stranger).is_empty

    def test_that_all_instances_would_go(self) -> None:
        with pytest.raises(QauvernError, match="nothing was changed"):
            found(settings(configured("a"), configured("b")), live("a", held=0), live("c", held=0))

    def test_that_all_would_go_and_others_come_is_none(self) -> None:
        changes = found(settings(configured("a")), live("a", held=0), live("b"))
        assert [each.name for each in changes.applied_to(settings(configured("a"))).instances] == ["b"]

    def test_without_the_removal_there_is_no_complaint(self) -> None:
        assert found(settings(configured("a")), live("a", held=0), steps=Steps(remove=False)).is_empty


class TestNames:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [("tab\there", "tab\N{REPLACEMENT CHARACTER}here"), ("  ", "a"), ("x" * 200, "x" * 180)],
    )
    def test_a_name_that_no_config_file_takes_is_made_to_fit_and_then_stays(self, name: str, expected: str) -> None:
        file = settings(configured("a", name="before"))
        changes = found(file, live("a", name=name))
        assert changes.renamed == {crn("a"): expected}
        assert found(changes.applied_to(file), live("a", name=name)).is_empty

    def test_one_that_stays_archived_keeps_everything(self) -> None:
        file = settings(configured("a", net_grants=GRANTS, limit_seconds=5), configured("b"))
        listed = (live("a", name="other", held=0, limit=9), live("b"))
        assert found(file, *listed, steps=Steps(remove=False), grants={crn("a"): (0,)}).is_empty
