"""Undo puts the values back, as a run of its own, and leaves alone what others have changed since."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.helpers.cli import Run
from tests.helpers.safety import LARGEST, LIMIT_ONLY, Account


@pytest.fixture
def applied(account: Account) -> str:
    """A run that has been applied; its id."""
    account.optimize()
    account.sandbox.clear_requests()
    (run,) = account.run_ids()
    return run


def undo(account: Account, *arguments: str, exits: int = 0) -> Run:
    run = account.qauvern("undo", "--yes", *arguments, exits=exits)
    account.assert_within_budget()
    return run


def runs(account: Account) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = account.history()["runs"]
    return listed


def test_the_values_of_before_are_back_in_the_safe_order(account: Account, applied: str) -> None:
    run = undo(account, applied)
    assert account.values == account.start_values
    patched = account.patched()
    assert set(patched[:2]) == set(account.increases), "what was given is taken back first"
    assert patched[2] == LIMIT_ONLY
    assert set(patched[3:]) == set(account.decreases)
    assert applied in run.stdout
    first, second = runs(account)
    assert (first["undone"], second["undoes"], second["ended"]) == (True, applied, "complete")
    assert "undone" in account.qauvern("history").stdout
    assert [event["event"] for event in account.events()].count("intent") == 6


@pytest.mark.usefixtures("applied")
def test_undoing_the_undo_does_it_again(account: Account) -> None:
    undo(account)
    undo(account, runs(account)[-1]["run"])
    assert account.values == account.wanted
    assert [each["undone"] for each in runs(account)] == [False, True, False]
    undo(account)
    assert account.values == account.start_values, "the first run is not undone any more, and so is the last to undo"


def test_without_a_run_it_takes_the_last_that_is_neither_an_undo_nor_undone(account: Account, applied: str) -> None:
    configuration = json.loads(account.config.read_text())
    configuration["minimum_allocation_seconds"] = 9_500
    account.write_config(configuration)
    between = account.values
    account.optimize()
    second = account.run_ids()[-1]
    assert second in undo(account).stdout
    assert account.values == between
    assert applied in undo(account).stdout
    assert account.values == account.start_values
    assert "no run left to undo" in undo(account, exits=1).stderr


def test_a_run_may_be_named_by_the_beginning_of_its_id(account: Account, applied: str) -> None:
    undo(account, applied[:-2])
    assert account.values == account.start_values


@pytest.mark.parametrize("wanted", ["nonsense", "2"])
@pytest.mark.usefixtures("applied")
def test_a_name_that_fits_none_or_several_is_refused(account: Account, wanted: str) -> None:
    undo(account)
    account.sandbox.clear_requests()
    account.qauvern("undo", "--yes", wanted, exits=1)
    assert account.patched() == []


class TestChangedByOthers:
    @pytest.mark.usefixtures("applied")
    def test_is_left_alone_and_named_and_3_where_others_were_put_back(self, account: Account) -> None:
        account.put(LARGEST, 200)
        run = undo(account, exits=3)
        assert account.values == {**account.start_values, LARGEST: (200, None)}
        assert LARGEST not in account.patched()
        assert f"{LARGEST} is left alone: somebody else has changed it since" in run.stderr

    @pytest.mark.usefixtures("applied")
    def test_is_4_where_that_is_all(self, account: Account) -> None:
        for name, (held, limit) in account.values.items():
            account.put(name, (held or 0) - 1, limit)
        before = account.values
        undo(account, exits=4)
        assert account.values == before
        assert account.patched() == []

    @pytest.mark.usefixtures("applied")
    def test_force_puts_it_back_all_the_same(self, account: Account) -> None:
        account.put(LARGEST, 200)
        undo(account, "--force")
        assert account.values == account.start_values

    @pytest.mark.usefixtures("applied")
    def test_force_keeps_the_budget(self, account: Account) -> None:
        """Others have given 68 s of LARGEST to an instance that is not configured: not all of it can be put back."""
        account.put(LARGEST, 200)
        others = account.sandbox.describe()["unconfigured_names"][0]
        account.put(others, (account.held()[others] or 0) + 68)
        run = undo(account, "--force", exits=3)
        assert "held back: " in run.stderr

    @pytest.mark.usefixtures("applied")
    def test_what_others_put_back_already_is_not_written(self, account: Account) -> None:
        account.put("chem-catalysis", *account.start_values["chem-catalysis"])
        undo(account)
        assert account.values == account.start_values
        assert "chem-catalysis" not in account.patched()


@pytest.mark.parametrize("fault", ["403", "500", "ignored", "stuck", "cut-after"])
@pytest.mark.parametrize("name", ["chem-catalysis", LARGEST])
@pytest.mark.usefixtures("applied")
def test_the_budget_is_kept_while_an_undo_fails(account: Account, name: str, fault: str) -> None:
    account.sandbox.inject(f"patch:{name}={fault}")
    overcome = fault == "cut-after"
    undo(account, "--operation-timeout", "1s", exits=0 if overcome else 3)
    assert overcome == runs(account)[0]["undone"]
    account.sandbox.clear_faults()
    account.end_operations()
    if not overcome:
        undo(account)
    assert account.values == account.start_values


def test_a_run_that_was_applied_in_part_is_undone_as_far_as_it_came(account: Account) -> None:
    account.sandbox.inject(f"patch:{LARGEST}=403")
    account.optimize(exits=3)
    account.sandbox.clear_faults()
    account.sandbox.clear_requests()
    undo(account)
    assert account.values == account.start_values
    assert LARGEST not in account.patched()


@pytest.mark.usefixtures("applied")
def test_invariants_only_warn(account: Account) -> None:
    """chem-catalysis held 11,600 s before the run and has used 14,274.2 s."""
    run = undo(account)
    assert "invariant 2" in run.stderr
    assert "chem-catalysis" in run.stderr


@pytest.mark.usefixtures("applied")
def test_a_dry_run_writes_nothing_and_says_what_it_would(account: Account) -> None:
    run = account.qauvern("undo", "--dry-run")
    assert "chem-catalysis: allocation 60,666 -> 11,600 s" in run.stdout
    assert run.writes == []
    assert len(account.journals) == 1


@pytest.mark.usefixtures("applied")
def test_without_a_terminal_and_yes_it_is_2(account: Account) -> None:
    assert account.qauvern("undo", exits=2).writes == []


@pytest.mark.usefixtures("applied")
def test_an_instance_that_is_not_configured_any_more_is_not_written(account: Account) -> None:
    configuration = json.loads(account.config.read_text())
    configuration["instances"] = [each for each in configuration["instances"] if each["name"] != LIMIT_ONLY]
    account.write_config(configuration)
    run = undo(account, "--force", exits=3)
    assert LIMIT_ONLY not in account.patched()
    assert f"{LIMIT_ONLY} is left alone: it is no longer in the config file" in run.stderr


def test_a_run_of_another_plan_is_refused(account: Account, applied: str) -> None:
    (journal,) = account.journals
    journal.write_text(journal.read_text().replace('"plan": "premium"', '"plan": "internal"'))
    run = account.qauvern("undo", applied, "--yes", exits=1)
    assert "plan internal" in run.stderr
    assert run.writes == []
