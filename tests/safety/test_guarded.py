"""Guardrails refuse the whole run before the first write."""

from __future__ import annotations

import json

import pytest

from tests.helpers.safety import LARGEST, Account


def guard(account: Account, **guardrails: object) -> None:
    configuration = json.loads(account.config.read_text())
    account.write_config({**configuration, "guardrails": guardrails})


TOO_TIGHT = [
    pytest.param("max_changes", 5, ["allows 5 changes", "there are 6", "chem-catalysis", LARGEST], id="max_changes"),
    pytest.param("max_changes_percent", 99.9, ["99.9% of the 6", "there are 6"], id="max_changes_percent"),
    pytest.param(
        "max_decrease_percent", 99.6, ["by 99.6% of", f"1 changes go beyond it: {LARGEST} 71,876 -> 268 s"],
        id="max_decrease_percent",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "says"), TOO_TIGHT)
class TestRefusal:
    @pytest.mark.parametrize("options", [["--yes"], ["--dry-run"], ["--dry-run", "--format", "json"]], ids=" ".join)
    def test_is_6_and_names_rule_threshold_and_offenders(
        self, account: Account, name: str, value: object, says: list[str], options: list[str]
    ) -> None:
        guard(account, **{name: value})
        run = account.qauvern("optimize", *options, exits=6)
        assert f"guardrail {name} " in run.stderr
        assert f"--ignore-guardrail {name}" in run.stderr
        for text in says:
            assert text in run.stderr
        assert run.writes == []
        assert account.journals == []
        assert account.values == account.start_values

    def test_holds_for_a_saved_plan_too(self, account: Account, name: str, value: object, says: list[str]) -> None:
        guard(account, **{name: value})
        account.qauvern("analyze", "--save-plan", "plan.json")
        for option in ("--yes", "--dry-run"):
            run = account.qauvern("optimize", "--plan", "plan.json", option, exits=6)
            assert says[0] in run.stderr
            assert run.writes == []

    def test_is_overridden_by_its_name_and_by_no_other(
        self, account: Account, name: str, value: object, says: list[str]
    ) -> None:
        assert says
        guard(account, **{name: value})
        other = "max_changes" if name != "max_changes" else "max_changes_percent"
        assert account.optimize("--ignore-guardrail", other, exits=6).writes == []
        account.optimize("--ignore-guardrail", name)
        assert account.values == account.wanted


def test_at_the_threshold_a_run_is_let_through(account: Account) -> None:
    # 71,876 -> 268 is 71,608 of 71,876: 99.62713...%
    guard(account, max_changes=6, max_changes_percent=100, max_decrease_percent=99.63)
    account.optimize()
    assert account.values == account.wanted


def test_every_guardrail_that_refuses_is_named(account: Account) -> None:
    guard(account, max_changes=1, max_decrease_percent=10)
    run = account.optimize(exits=6)
    assert "guardrail max_changes " in run.stderr
    assert "guardrail max_decrease_percent " in run.stderr


def test_with_the_dead_band_small_changes_are_not_written(account: Account) -> None:
    guard(account, minimum_change_seconds=6_000)  # protein-folding would lose 5,843 s
    account.optimize()
    assert account.values["protein-folding"] == account.start_values["protein-folding"]
    assert "protein-folding" not in account.patched()
    account.assert_within_budget()
    assert "Nothing to change" in account.optimize().stderr
