"""What others change between the proposal and the write is left alone, named, and told by the exit status."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qauvern.sandbox import Call, Reply
from tests.helpers.cli import Run
from tests.helpers.safety import LARGEST, LIMIT_ONLY, Account, Moment

Meanwhile = Callable[[Callable[[], None]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Has something done while optimize waits for the answer to its question."""

    def at_the_question(do: Callable[[], None]) -> None:
        def confirmed(_question: str, **_options: object) -> bool:
            do()
            return True

        monkeypatch.setattr("qauvern.cli._say.confirmed", confirmed)

    return at_the_question


def assert_left_alone(account: Account, run: Run, name: str, values: tuple[int | None, int | None]) -> None:
    assert account.values[name] == values
    assert name not in account.patched()
    assert f"left alone: {name} (" in run.stderr
    assert "changed by others" in run.stderr


@pytest.mark.parametrize(
    ("name", "values"),
    [
        pytest.param("protein-folding", (15_000, None), id="allocation of a decrease"),
        pytest.param("protein-folding", (15_300, 20_000), id="limit of a decrease"),
        pytest.param(LIMIT_ONLY, (15_424, 30_000), id="limit of a limit-only change"),
        pytest.param("chem-catalysis", (11_500, None), id="allocation of an increase"),
    ],
)
def test_one_that_others_changed_is_left_alone_and_the_rest_written(
    account: Account, meanwhile: Meanwhile, name: str, values: tuple[int | None, int | None]
) -> None:
    assert account.start_values[name] != values
    meanwhile(lambda: account.put(name, *values))
    run = account.optimize(exits=3)
    assert_left_alone(account, run, name, values)
    account.assert_within_budget()
    assert account.events()[-1]["counts"]["drifted"] == 1
    account.optimize()
    assert {each: held for each, (held, _) in account.values.items()} == {
        each: held for each, (held, _) in account.wanted.items()
    }


def test_where_drift_is_all_there_is_it_is_4(account: Account, meanwhile: Meanwhile) -> None:
    def others() -> None:
        for name, (held, limit) in account.start_values.items():
            account.put(name, (held or 0) - 1, limit)

    meanwhile(others)
    run = account.optimize(exits=4)
    assert run.writes == []
    assert account.events()[-1]["counts"] == {"drifted": 4, "held back": 2}, "no seconds were freed for the increases"
    assert account.events()[-1]["ended"] == "partial"


def test_drift_beside_what_others_have_done_already_is_4(account: Account, meanwhile: Meanwhile) -> None:
    def others() -> None:
        for name, values in account.wanted.items():
            account.put(name, *((100, None) if name == LARGEST else values))

    meanwhile(others)
    run = account.optimize(exits=4)
    assert run.writes == []
    assert account.events()[-1]["counts"] == {"already done": 5, "drifted": 1}


def test_what_others_have_done_already_is_done(account: Account, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: account.put(LARGEST, *account.wanted[LARGEST]))
    account.optimize()
    assert LARGEST not in account.patched()
    assert account.values == account.wanted


def test_what_others_took_is_not_given_a_second_time(account: Account, meanwhile: Meanwhile) -> None:
    """LARGEST is to free 71,608 s of which the increases live; others let it keep them."""
    meanwhile(lambda: account.put(LARGEST, 71_000))
    run = account.optimize(exits=3)
    assert_left_alone(account, run, LARGEST, (71_000, None))
    for name in account.increases:
        assert f"held back: {name} (" in run.stderr
    account.assert_within_budget()


def test_one_that_others_change_while_the_run_writes_is_seen(account: Account) -> None:
    name = account.increases[0]
    Moment(account, 1).then(lambda: account.put(name, 9_999))
    run = account.optimize(exits=3)
    assert_left_alone(account, run, name, (9_999, None))
    account.assert_within_budget()


def test_one_that_others_change_between_two_tries_is_not_written_over(account: Account) -> None:
    """The first try is told to wait, and in that time somebody else changes the instance."""
    name = "protein-folding"
    account.sandbox.inject(f"patch:{name}#1=429/0")
    seen = {"reads": 0}

    def performed(call: Call, carry_out: Callable[[], Reply]) -> Reply:
        if call.kind == "get" and call.item == account.crns[name]:
            seen["reads"] += 1
            if seen["reads"] == 3:  # before the write; after it, told to wait; before the next one
                account.put(name, 15_000)
        return carry_out()

    account.sandbox.operator.intercept(performed)
    run = account.optimize(exits=3)
    assert account.values[name] == (15_000, None)
    assert account.patched().count(name) == 1
    assert f"left alone: {name} (" in run.stderr
    account.assert_within_budget()
