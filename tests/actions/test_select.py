"""Selections held against the config file and the account, and applying what they choose alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qauvern.actions.account import Account, load_settings
from qauvern.actions.analyze import Analysis, analyze
from qauvern.actions.apply import Prepared, RunStatus, apply, journalled_runs, optimize
from qauvern.actions.select import BadSelection, selection_of
from qauvern.actions.workplace import Workplace
from qauvern.apply import Result
from qauvern.errors import Remedy
from qauvern.model import Group, Settings
from qauvern.plan import Change, Phase


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(Workplace(sandbox=True, environ={"QAUVERN_STATE_DIR": str(tmp_path)}))


@pytest.fixture
def settings(account: Account) -> Settings:
    return load_settings(account.workplace)


@pytest.fixture
def analysis(account: Account, settings: Settings) -> Analysis:
    return analyze(account, settings)


def prepared_for(account: Account, settings: Settings, *only: str) -> Prepared:
    """What would be written of these, which nobody agrees to."""
    seen: list[Prepared] = []

    def look(prepared: Prepared) -> bool:
        seen.append(prepared)
        return False

    optimize(account, settings, review=look, only=only, dry_run=True)
    return seen[0]


def increases(analysis: Analysis) -> list[Change]:
    return [change for change in analysis.changes if change.phase is Phase.INCREASE]


class TestSelectionOf:
    def test_nothing_is_asked_of_the_account_where_all_is_known(self, settings: Settings) -> None:
        nowhere = Account(Workplace(environ={}), None)
        only = [settings.instances[0].name, "*", f"region:{settings.instances[0].crn.region}", "state:idle"]
        assert not selection_of(nowhere, settings, only).is_everything

    def test_what_is_live_and_not_configured_is_said_to_be_so(self, account: Account, settings: Settings) -> None:
        left_out = settings.instances[0]
        fewer = replace(settings, instances=settings.instances[1:])
        for term in (left_out.name, str(left_out.crn), left_out.crn.guid):
            with pytest.raises(BadSelection, match="not configured") as refused:
                selection_of(account, fewer, [term])
            assert refused.value.remedy is Remedy.ADD_TO_CONFIG
            assert left_out.name in str(refused.value)

    def test_what_is_nowhere_is_named_with_the_nearest(self, account: Account, settings: Settings) -> None:
        name = settings.instances[0].name
        with pytest.raises(BadSelection, match=name) as refused:
            selection_of(account, settings, None, [name[:-1], "zzz*"])
        assert refused.value.remedy is Remedy.LIST_INSTANCES
        assert refused.value.facts["terms"] == [name[:-1], "zzz*"]

    def test_an_account_that_cannot_be_asked_does_not_hide_the_mistake(self, settings: Settings) -> None:
        with pytest.raises(BadSelection, match="'zzz'"):
            selection_of(Account(Workplace(environ={}), None), settings, ["zzz"])

    def test_what_changes_takes_a_proposal(self, account: Account, settings: Settings) -> None:
        with pytest.raises(BadSelection) as refused:
            selection_of(account, settings, ["state:changed"], with_proposal=False)
        assert refused.value.remedy is Remedy.SELECT_IN_ANALYZE


class TestApply:
    def test_writes_the_chosen_alone_and_journals_the_selection(self, account: Account, analysis: Analysis) -> None:
        decreases = [change for change in analysis.changes if change.phase is Phase.DECREASE][:2]
        only = [change.crn for change in decreases]
        run = apply(account, analysis, only=only)
        assert run.status is RunStatus.COMPLETE
        assert [outcome.change for outcome in run.outcomes] == decreases
        (journalled,) = journalled_runs(account.workplace)
        assert (journalled.only, journalled.exclude) == (tuple(only), ())
        again = analyze(account, analysis.settings)
        assert {change.crn for change in again.changes} == {c.crn for c in analysis.changes} - set(only)

    def test_of_nobody_writes_nothing(self, account: Account, analysis: Analysis) -> None:
        assert apply(account, analysis, only=[]).status is RunStatus.NOTHING_TO_DO

    def test_takes_patterns_and_refuses_what_there_is_not(self, account: Account, analysis: Analysis) -> None:
        assert apply(account, analysis, only=["*"], message="all").status is RunStatus.COMPLETE
        with pytest.raises(BadSelection):
            apply(account, analysis, only=["no-such-*"])

    def test_the_proposal_is_of_all_whatever_is_chosen(
        self, account: Account, settings: Settings, analysis: Analysis
    ) -> None:
        prepared = prepared_for(account, settings, analysis.changes[0].name)
        assert prepared.changes == analysis.changes[:1]
        assert prepared.analysis.changes == analysis.changes

    def test_an_increase_that_needs_what_others_would_give_up_is_named_and_held_back(
        self, account: Account, settings: Settings, analysis: Analysis
    ) -> None:
        free = analysis.proposal.account.unallocated_seconds
        wanted = increases(analysis)
        assert sum(change.allocation_delta for change in wanted) > free, "else nobody would have to wait"
        prepared = prepared_for(account, settings, *(change.crn for change in wanted))
        assert prepared.waiting
        run = apply(account, analysis, only=[change.crn for change in wanted])
        assert run.status is RunStatus.PARTIAL
        held_back = tuple(outcome.change for outcome in run.applied.having(Result.HELD_BACK))
        assert held_back == prepared.waiting
        assert sum(outcome.change.allocation_delta for outcome in run.applied.having(Result.DONE)) <= free

    def test_with_what_frees_the_seconds_nobody_waits(self, account: Account, settings: Settings) -> None:
        assert prepared_for(account, settings, "*").waiting == ()

    def test_an_increase_waits_for_its_own_group_too(
        self, account: Account, settings: Settings, analysis: Analysis
    ) -> None:
        """Everything is one group, at its limit as it is: whatever goes up needs another member to go down."""
        held = analysis.proposal.configured_held_seconds
        grouped = replace(
            settings,
            groups=(Group("all", limit_seconds=held),),
            instances=tuple(replace(each, group="all") for each in settings.instances),
        )
        wanted = increases(analyze(account, grouped))
        prepared = prepared_for(account, grouped, *(change.crn for change in wanted))
        assert prepared.waiting == tuple(wanted)
        everything = prepared_for(account, grouped, "*")
        assert everything.waiting == ()
