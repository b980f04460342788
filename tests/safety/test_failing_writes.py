"""Each write in turn fails in each way: the budget is kept, the journal is true, and the next run ends the job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.helpers.safety import LARGEST, LIMIT_ONLY, Account, values_of

WRITES = 6
"""How many changes the plan of the small account has."""

OVERCOME = ["429/0", "500", "500-applied", "refuse", "cut-before", "cut-after", "truncated", "slow:0.05"]
"""Passing faults that a run gets over by itself."""

NOT_OVERCOME = {"403": "failed", "ignored": "failed", "stuck": "unknown", "stuck-applied": "unknown"}
"""Faults that befall one write and end it, and what the journal says of it."""

FOR_EVER = {
    "429/0": "failed",
    "500": "unknown",
    "refuse": "unknown",
    "cut-before": "unknown",
    "403": "failed",
    "ignored": "failed",
    "stuck": "unknown",
}
"""Faults that last, with which a write never takes effect."""


def assert_journal_is_true(account: Account) -> None:
    """Intent, then outcome for every write; the results are what the sandbox knows; the end is there and counts."""
    events = account.events()
    names = {crn: name for name, crn in account.crns.items()}
    assert [events[0]["event"], events[-1]["event"]] == ["start", "end"]
    planned = {names[each["crn"]]: each for each in events[0]["changes"]}
    intents = {names[each["crn"]]: index for index, each in enumerate(events) if each["event"] == "intent"}
    outcomes = {names[each["crn"]]: (index, each) for index, each in enumerate(events) if each["event"] == "outcome"}
    assert outcomes.keys() == planned.keys(), "each change has an outcome"
    assert intents.keys() == set(account.patched()), "what was written, and only that, has an intent"
    took_effect = {change.name for change in account.sandbox.applied_changes}
    counts: dict[str, int] = {}
    for name, (index, outcome) in outcomes.items():
        counts[outcome["result"]] = counts.get(outcome["result"], 0) + 1
        after, before = (values_of(planned[name][key]) for key in ("after", "before"))
        assert (before, after) == (account.start_values[name], account.wanted[name])
        assert intents.get(name, -1) < index
        if outcome["actual"] is not None and outcome["result"] != "unknown":
            assert values_of(outcome["actual"]) == account.values[name], name
        if outcome["result"] == "done":
            assert account.values[name] == after
            assert outcome["wrote"]
            assert name in intents
        elif outcome["result"] != "unknown":
            assert account.values[name] == before, f"{name} is {outcome['result']}"
            assert name not in took_effect
            assert not outcome["wrote"]
        if outcome["result"] == "held back":
            assert name in account.increases
            assert name not in intents
    assert events[-1]["counts"] == counts
    assert events[-1]["ended"] == ("complete" if counts == {"done": len(planned)} else "partial")


def outcomes(account: Account) -> dict[str, str]:
    names = {crn: name for name, crn in account.crns.items()}
    return {names[each["crn"]]: each["result"] for each in account.events() if each["event"] == "outcome"}


@contextmanager
def within_budget(account: Account) -> Iterator[None]:
    """Nothing the sandbox carried out in the block lifted the total above the budget."""
    yield
    account.assert_within_budget()


def assert_the_next_run_ends_the_job(account: Account) -> None:
    account.sandbox.clear_faults()
    account.end_operations()
    with within_budget(account):
        account.optimize()
    assert account.values == account.wanted


def test_uninterrupted_it_ends_with_what_was_proposed_and_writes_each_instance_once(account: Account) -> None:
    account.optimize()
    assert account.values == account.wanted
    patched = account.patched()
    assert sorted(patched) == sorted(account.wanted)
    assert set(patched[:3]) == set(account.decreases)
    assert patched[3] == LIMIT_ONLY
    account.assert_within_budget()
    assert_journal_is_true(account)


@pytest.mark.parametrize("nth", range(1, WRITES + 1))
@pytest.mark.parametrize("fault", OVERCOME)
def test_a_passing_fault_is_overcome(account: Account, fault: str, nth: int) -> None:
    account.sandbox.inject(f"patch:{nth}={fault}")
    with within_budget(account):
        account.optimize()
    assert account.values == account.wanted
    assert_journal_is_true(account)
    was_carried_out = fault.startswith(("500-applied", "cut-after", "truncated", "slow"))
    assert len(account.patched()) == WRITES + (not was_carried_out), "written again only where it did not take"


@pytest.mark.parametrize("nth", range(1, WRITES + 1))
@pytest.mark.parametrize(("fault", "result"), NOT_OVERCOME.items())
def test_a_write_that_does_not_take_is_told_and_the_next_run_ends_the_job(
    account: Account, fault: str, result: str, nth: int
) -> None:
    account.sandbox.inject(f"patch:{nth}={fault}")
    with within_budget(account):
        run = (
            account.optimize("--operation-timeout", "1s", exits=None) if "stuck" in fault else account.optimize(exits=3)
        )
    assert run.exit_code == 3
    assert_journal_is_true(account)
    hit = [name for name, said in outcomes(account).items() if said == result]
    assert hit
    for name in hit:
        assert f"{result.upper()}: {name} (" in run.stderr
    assert_the_next_run_ends_the_job(account)


@pytest.mark.parametrize("name", [LARGEST, LIMIT_ONLY, "chem-catalysis"])
@pytest.mark.parametrize(("fault", "result"), FOR_EVER.items())
def test_a_fault_that_lasts_stops_its_own_instance_and_what_hangs_on_it(
    account: Account, fault: str, result: str, name: str
) -> None:
    account.sandbox.inject(f"patch:{name}={fault}")
    with within_budget(account):
        run = account.optimize("--operation-timeout", "1s", exits=3)
    assert account.values[name] == account.start_values[name]
    assert outcomes(account)[name] == result
    held_back = {each for each, said in outcomes(account).items() if said == "held back"}
    assert held_back == (set(account.increases) if name == LARGEST else set())
    for each in held_back:
        assert f"held back: {each} (" in run.stderr
    assert_journal_is_true(account)
    assert_the_next_run_ends_the_job(account)


def test_an_instance_that_cannot_be_read_back_counts_with_the_larger_value(account: Account) -> None:
    account.sandbox.inject(f"get:{LARGEST}#2+=403")
    with within_budget(account):
        account.optimize(exits=3)
    assert outcomes(account)[LARGEST] == "unknown"
    assert {outcomes(account)[name] for name in account.increases} == {"held back"}
    assert_the_next_run_ends_the_job(account)


def test_a_lost_write_that_lands_late_stays_within_the_budget(account: Account) -> None:
    """Its answer was given up on, and what came of it cannot be seen for a while."""
    first = account.increases[0]
    account.sandbox.inject(f"patch:{first}#1=slow:0.6", f"patch:{first}#2=403")
    account.qauvern.environment["IBMCLOUD_HTTP_TIMEOUT"] = "0.3"
    with within_budget(account):
        account.optimize(exits=3)
    assert_the_next_run_ends_the_job(account)


def test_a_budget_that_is_below_what_all_hold_already_is_not_exceeded_further(account: Account) -> None:
    """Of the 85,211 s that the decreases free, 1,000 s are above the budget from the start."""
    held = account.sandbox.describe()["held_seconds"]
    account.set_budget(held - 1_000)
    account.optimize(exits=3)
    assert account.sandbox.max_total_seconds() == held, "as at the start"
    assert account.sandbox.describe()["held_seconds"] <= held - 1_000


def test_an_operation_that_hangs_is_not_written_over(account: Account) -> None:
    account.sandbox.inject("patch:chem-catalysis=stuck")
    account.optimize("--operation-timeout", "1s", exits=3)
    account.sandbox.clear_faults()
    account.sandbox.clear_requests()
    run = account.optimize("--operation-timeout", "1s", exits=4)
    assert account.patched() == []
    assert "left alone: chem-catalysis (" in run.stderr
    assert "does not end" in run.stderr
    assert_the_next_run_ends_the_job(account)


@pytest.mark.parametrize("fault", ["429/0", "500", "403", "refuse", "ignored", "cut-after"])
def test_every_write_failing_alike_writes_nothing_above_the_budget(account: Account, fault: str) -> None:
    account.sandbox.inject(f"patch={fault}")
    with within_budget(account):
        run = account.optimize(exits=None)
    assert run.exit_code == (0 if fault == "cut-after" else 3)
    assert_the_next_run_ends_the_job(account)


def test_operations_that_outlast_the_timeout_are_unknown_and_count_with_the_larger_value(account: Account) -> None:
    account.sandbox.operator.set_operation_delay(0.3)
    with within_budget(account):
        account.optimize("--operation-timeout", "0s", exits=3)
    account.sandbox.operator.set_operation_delay(0.0)
    said = outcomes(account)
    assert {said[name] for name in (*account.decreases, LIMIT_ONLY)} == {"unknown"}
    assert {said[name] for name in account.increases} == {"held back"}
    assert_the_next_run_ends_the_job(account)
