"""Saved plans: exactly what was reviewed is applied, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qauvern.plan import document as documents
from tests.helpers.cli import Run
from tests.helpers.safety import LARGEST, Account


@pytest.fixture
def plan(account: Account) -> Path:
    """A plan of the account as it is."""
    path = account.folder / "plan.json"
    account.qauvern("analyze", "--save-plan", path)
    account.sandbox.clear_requests()
    return path


def apply(account: Account, plan: Path, *arguments: str, exits: int = 0) -> Run:
    run = account.qauvern("optimize", "--plan", plan, "--yes", *arguments, exits=exits)
    account.assert_within_budget()
    return run


def change_document(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes a plan and makes its digest fit again."""
    content = json.loads(path.read_text())
    change(content)
    del content["digest"]
    path.write_text(json.dumps({**content, "digest": documents._digest(documents._canonical(content))}))


def assert_refused(account: Account, plan: Path, exits: int, *says: str) -> None:
    before = account.values
    for option in ("--yes", "--dry-run"):
        run = account.qauvern("optimize", "--plan", plan, option, exits=exits)
        assert run.writes == []
        for text in says:
            assert text in run.output
    assert account.values == before
    assert account.journals == [], "nothing was written, so no run was"


class TestApplied:
    def test_exactly_the_plan_is_applied(self, account: Account, plan: Path) -> None:
        apply(account, plan)
        assert account.values == account.wanted
        assert len(account.patched()) == 6

    def test_it_can_be_read_by_people_and_is_the_same_each_time(self, account: Account, plan: Path) -> None:
        content = json.loads(plan.read_text())
        assert [each["crn"] for each in content["changes"]] == sorted(each["crn"] for each in content["changes"])
        assert {each["name"] for each in content["changes"]} == account.wanted.keys()
        assert all(each["reason"] for each in content["changes"])
        assert plan.read_text().count("\n") > 60
        assert account.sandbox.api_key not in plan.read_text()
        again = account.folder / "again.json"
        account.qauvern("analyze", "--save-plan", again)
        without_moment = [
            {key: value for key, value in json.loads(each.read_text()).items() if key not in ("made_at", "digest")}
            for each in (plan, again)
        ]
        assert without_moment[0] == without_moment[1]

    def test_what_is_done_already_counts_as_done(self, account: Account, plan: Path) -> None:
        account.put(LARGEST, *account.wanted[LARGEST])
        run = apply(account, plan)
        assert "1 of its changes are done already" in run.stderr
        assert LARGEST not in account.patched()
        assert account.values == account.wanted

    def test_a_second_time_there_is_nothing_to_do(self, account: Account, plan: Path) -> None:
        apply(account, plan)
        account.sandbox.clear_requests()
        run = apply(account, plan)
        assert "Nothing to change" in run.stderr
        assert account.patched() == []

    def test_after_a_run_that_was_applied_in_part_the_plan_ends_the_job(self, account: Account, plan: Path) -> None:
        account.sandbox.inject(f"patch:{LARGEST}=403")
        apply(account, plan, exits=3)
        account.sandbox.clear_faults()
        apply(account, plan)
        assert account.values == account.wanted

    def test_comments_and_order_of_the_config_file_do_not_matter(self, account: Account, plan: Path) -> None:
        configuration = json.loads(account.config.read_text())
        configuration["instances"].reverse()
        account.write_config("# reviewed\n" + json.dumps(configuration, indent=4))
        apply(account, plan)
        assert account.values == account.wanted


class TestRefused:
    @pytest.mark.parametrize(
        ("damage", "says"),
        [
            pytest.param(lambda text: text.replace("268", "269"), "digest", id="a figure changed"),
            pytest.param(lambda text: text.replace("sha256:", "sha256:0"), "digest", id="the digest changed"),
            pytest.param(lambda text: text[: len(text) // 2], "not JSON", id="cut off"),
            pytest.param(lambda _text: "", "not JSON", id="empty"),
            pytest.param(lambda _text: "[]", "not an object", id="a list"),
            pytest.param(lambda _text: "{}", "not a plan", id="something else"),
            pytest.param(lambda _text: "[" * 100_000, "not JSON", id="nested absurdly"),
        ],
    )
    def test_one_that_is_damaged(self, account: Account, plan: Path, damage: Callable[[str], str], says: str) -> None:
        plan.write_text(damage(plan.read_text()))
        assert_refused(account, plan, 1, says)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("account_id", "f" * 32),
            ("plan", "internal"),
            ("endpoint_family", "production"),
            ("version", 2),
            ("version", True),
            ("format", "terraform plan"),
        ],
    )
    def test_one_of_elsewhere_or_of_another_version(
        self, account: Account, plan: Path, key: str, value: object
    ) -> None:
        change_document(plan, lambda content: content.update({key: value}))
        assert_refused(account, plan, 1, "Nothing was written")

    @pytest.mark.parametrize(
        ("key", "value"),
        [("allocation_seconds", 0), ("allocation_seconds", None), ("allocation_seconds", -1), ("limit_seconds", "5")],
    )
    def test_one_that_would_do_harm_although_its_digest_fits(
        self, account: Account, plan: Path, key: str, value: object
    ) -> None:
        change_document(plan, lambda content: content["changes"][0]["after"].update({key: value}))
        assert_refused(account, plan, 1)

    def test_one_that_changes_an_instance_twice(self, account: Account, plan: Path) -> None:
        change_document(plan, lambda content: content["changes"].append(content["changes"][0]))
        assert_refused(account, plan, 1, "twice")

    def test_one_that_is_not_there(self, account: Account) -> None:
        assert_refused(account, account.folder / "none.json", 1, "none.json")


class TestStale:
    def test_one_whose_live_value_is_neither_old_nor_new(self, account: Account, plan: Path) -> None:
        account.put("chem-catalysis", 11_000)
        assert_refused(account, plan, 4, "chem-catalysis: its allocation is 11,000 s", "from 11,600 s to 60,666 s")

    def test_one_whose_live_limit_is_another(self, account: Account, plan: Path) -> None:
        account.put("chem-catalysis", 11_600, 70_000)
        assert_refused(account, plan, 4, "its limit is 70,000 s", "from none to none")

    def test_one_of_before_the_config_changed(self, account: Account, plan: Path) -> None:
        configuration = json.loads(account.config.read_text())
        configuration["minimum_allocation_seconds"] += 1
        account.write_config(configuration)
        assert_refused(account, plan, 4, "config file has changed")

    def test_one_whose_instance_is_not_configured_any_more(self, account: Account, plan: Path) -> None:
        configuration = json.loads(account.config.read_text())
        configuration["instances"] = [each for each in configuration["instances"] if each["name"] != LARGEST]
        account.write_config(configuration)
        assert_refused(account, plan, 4, f"{LARGEST}: it is no longer among the configured")

    def test_one_that_would_lie_below_fresh_usage(self, account: Account, plan: Path) -> None:
        def less(content: dict[str, Any]) -> None:
            (change,) = [each for each in content["changes"] if each["name"] == LARGEST]
            change["after"]["allocation_seconds"] = 255  # 255.086 s were used

        change_document(plan, less)
        assert_refused(account, plan, 4, "invariant 2", LARGEST)

    def test_one_that_would_exceed_what_is_left_of_the_budget(self, account: Account, plan: Path) -> None:
        account.set_budget(100_000)
        run = account.qauvern("optimize", "--plan", plan, "--yes", exits=4)
        assert "invariant 1" in run.output
        assert run.writes == []


class TestDetailedExitcode:
    def test_7_where_changes_are_pending_else_0(self, account: Account) -> None:
        account.qauvern("analyze", "--detailed-exitcode", exits=7)
        account.qauvern("analyze", exits=0)
        account.optimize()
        account.qauvern("analyze", "--detailed-exitcode", exits=0)

    def test_1_where_the_proposal_breaks_an_invariant_and_no_plan_is_saved(self, account: Account) -> None:
        configuration = json.loads(account.config.read_text())
        account.write_config({**configuration, "minimum_allocation_seconds": 50_000})
        path = account.folder / "plan.json"
        account.qauvern("analyze", "--detailed-exitcode", "--save-plan", path, exits=1)
        assert not path.exists()
