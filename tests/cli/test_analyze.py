"""analyze: usage by window, the new limits and allocations, and why."""

from __future__ import annotations

from typing import Any

import pytest
from click import unstyle

from tests.helpers.cli import Site, table_rows, widest

# cli.md, "JSON": scripts depend on these names.
DOCUMENT = {
    "plan",
    "preview_date",
    "account",
    "reserve",
    "validation_errors",
    "over_budget_warnings",
    "groups",
    "instances",
}
ACCOUNT = {
    *("account_id", "allocation_budget_seconds", "unallocated_seconds", "consumed_seconds"),
    *("configured_consumed_seconds", "limit_seconds", "unmanaged_allocation_seconds", "unmanaged_instances"),
    "over_allocation_budget",
}
RESERVE = {"percent", "basis", "distributable_pool_seconds"}
INSTANCE = {
    *("name", "crn", "group", "current_allocation_seconds", "new_allocation_seconds", "allocation_delta_seconds"),
    *("allocation_change_reason", "current_limit_seconds", "new_limit_seconds", "limit_delta_seconds"),
    *("consumed_28day_seconds", "consumed_14day_seconds", "consumed_7day_seconds", "consumed_3day_seconds"),
    *("consumed_24h_seconds", "fairness", "activity_score", "limit_breakdown", "limit_reached"),
}
BREAKDOWN = {
    *("base_seconds", "grant_funded_seconds", "unspent_grant_seconds", "pre_boost_overage_seconds"),
    *("boost_start_date", "total_seconds"),
}
ALL_COLUMNS = [
    *("Name", "Group", "Used 28d", "14d", "7d", "3d", "24h"),
    *("Cur Limit", "New Limit", "Cur Alloc", "New Alloc", "Change", "Reason"),
]


def analyzed(site: Site, exits: int = 0) -> dict[str, Any]:
    document = site.qauvern("analyze", "--format", "json", exits=exits).json()
    assert isinstance(document, dict)
    return document


class TestTable:
    def test_at_200_columns_it_shows_every_column(self, site: Site) -> None:
        run = site.qauvern("analyze", columns=200)
        headers = next(line for line in run.stdout.splitlines() if line.startswith("Name"))
        assert [each.strip() for each in headers.replace("  ", "|").split("|") if each.strip()] == ALL_COLUMNS
        assert "Not shown" not in run.stderr

    def test_at_80_columns_it_fits_and_says_what_it_leaves_out(self, site: Site) -> None:
        run = site.qauvern("analyze", columns=80)
        assert max(map(len, table_lines(run.stdout))) <= 80
        assert "Not shown at this width" in run.stderr
        assert "14d" in run.stderr

    def test_an_active_grant_a_spent_one_and_debt_are_marked(self, site: Site) -> None:
        rows = {row[0]: row for row in table_rows(site.qauvern("analyze", columns=200).stdout, ["Name"])}
        new_limit = ALL_COLUMNS.index("New Limit")
        assert rows["spin-glass-sampling"][new_limit].endswith(" +")
        assert rows["drug-docking"][new_limit].endswith(" +.")
        assert rows["hackathon-autumn"][new_limit] == "7,250 !"
        assert rows["qml-course-2026"][new_limit] == "16,000"

    def test_marks_are_explained_where_they_show(self, site: Site) -> None:
        assert "in debt" in site.qauvern("analyze").stdout
        configuration = site.configuration()
        for each in configuration["instances"]:
            each["limit_seconds"] = 1_000_000
            each.pop("net_grants", None)
        site.write_config(configuration)
        assert "in debt" not in site.qauvern("analyze").stdout

    def test_names_underutilized_instances_and_what_they_hold(self, site: Site) -> None:
        out = site.qauvern("analyze").stdout
        assert "Underutilized" in out
        assert "automotive-battery: holds 73,000 s, used 0 s" in out

    def test_writes_nothing_and_says_what_to_do_next(self, site: Site) -> None:
        run = site.qauvern("analyze")
        assert run.writes == []
        assert "qauvern optimize" in run.stderr


def table_lines(text: str) -> list[str]:
    """The header, rule, rows and totals of the table in `text`."""
    lines = text.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("Name"))
    end = next(index for index, line in enumerate(lines) if line.startswith("Total"))
    return lines[start : end + 1]


class TestJson:
    def test_has_exactly_the_names_that_scripts_depend_on(self, site: Site) -> None:
        document = analyzed(site)
        assert set(document) == DOCUMENT
        assert set(document["account"]) == ACCOUNT
        assert set(document["reserve"]) == RESERVE
        assert {frozenset(each) for each in document["instances"]} == {frozenset(INSTANCE)}
        breakdowns = [each["limit_breakdown"] for each in document["instances"] if each["limit_breakdown"]]
        configured = [each for each in site.configuration()["instances"] if "limit_seconds" in each]
        assert len(breakdowns) == len(configured), "it is null only where the config file sets no limit"
        assert {frozenset(each) for each in breakdowns} == {frozenset(BREAKDOWN)}

    def test_figures_add_up(self, site: Site) -> None:
        document = analyzed(site)
        account, instances = document["account"], document["instances"]
        held = sum(each["current_allocation_seconds"] for each in instances)
        new = sum(each["new_allocation_seconds"] for each in instances)
        budget = account["allocation_budget_seconds"]
        assert budget == site.sandbox.budget_seconds()
        assert account["unmanaged_allocation_seconds"] == budget - account["unallocated_seconds"] - held
        assert new + account["unmanaged_allocation_seconds"] <= budget
        for each in instances:
            change = each["new_allocation_seconds"] - each["current_allocation_seconds"]
            assert each["allocation_delta_seconds"] == change
            assert (each["allocation_change_reason"] is None) == (change == 0)
            assert each["new_allocation_seconds"] >= each["consumed_28day_seconds"]

    def test_the_terms_of_a_limit_add_up(self, site: Site) -> None:
        terms = {each["name"]: each["limit_breakdown"] for each in analyzed(site)["instances"]}["spin-glass-sampling"]
        assert terms["total_seconds"] == pytest.approx(
            terms["base_seconds"]
            + terms["grant_funded_seconds"]
            + terms["unspent_grant_seconds"]
            + terms["pre_boost_overage_seconds"]
        )
        assert terms["boost_start_date"] is not None

    def test_whole_seconds_are_whole_numbers(self, site: Site) -> None:
        document = analyzed(site)
        assert isinstance(document["account"]["allocation_budget_seconds"], int)
        unused = next(each for each in document["instances"] if each["name"] == "automotive-battery")
        assert repr(unused["consumed_28day_seconds"]) == "0"

    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
    def test_names_in_any_script_stay_valid_json(self, site: Site, encoding: str) -> None:
        configuration = site.configuration()
        configuration["instances"][0]["name"] = "Überprüfung 量子"
        site.write_config(configuration)
        run = site.qauvern("analyze", "--format", "json", encoding=encoding)
        assert "Überprüfung 量子" in {each["name"] for each in run.json()["instances"]}

    def test_the_reserve_is_told_and_kept_back(self, site: Site) -> None:
        before = analyzed(site)["reserve"]
        site.write_config({**site.configuration(), "allocation_reserve_percent": 25})
        after = analyzed(site)["reserve"]
        assert (before["percent"], after["percent"], after["basis"]) == (0, 25, "pool")
        assert after["distributable_pool_seconds"] == before["distributable_pool_seconds"] * 3 // 4


class TestOverBudget:
    def test_it_is_said_and_allocations_follow_usage(self, site: Site) -> None:
        site.set_budget(100_000)
        run = site.qauvern("analyze", "--format", "json")
        document = run.json()
        assert document["account"]["over_allocation_budget"] is True
        assert document["over_budget_warnings"]
        assert "Warning" in run.stderr
        for each in document["instances"]:
            assert each["new_allocation_seconds"] <= max(60, each["consumed_28day_seconds"])

    def test_show_says_it_too(self, site: Site) -> None:
        site.set_budget(100_000)
        assert "whole budget" in site.qauvern("show").stderr


class TestBrokenInvariants:
    def test_floors_above_the_budget_end_it_with_1_and_the_figures(self, site: Site) -> None:
        site.write_config({**site.configuration(), "minimum_allocation_seconds": 50_000})
        run = site.qauvern("analyze", "--format", "json", exits=1)
        (message,) = run.json()["validation_errors"]
        floors = 50_000 * len(site.configuration()["instances"])
        assert f"{floors:,} s" in message
        assert "minimum_allocation_seconds" in message
        assert message in run.stderr

    def test_optimize_refuses_it_and_writes_nothing(self, site: Site) -> None:
        site.write_config({**site.configuration(), "minimum_allocation_seconds": 50_000})
        run = site.qauvern("optimize", "--yes", exits=1)
        assert "nothing was written" in run.stderr
        assert run.writes == []


class TestUnusableInstances:
    @pytest.mark.parametrize("command", [["analyze"], ["optimize", "--yes"]], ids=" ".join)
    @pytest.mark.parametrize("state", ["missing", "archived"])
    def test_one_that_is_missing_or_archived_stops_it_by_name(self, site: Site, command: list[str], state: str) -> None:
        configuration = site.configuration()
        configuration["instances"][3]["crn"] = site.archived_crn() if state == "archived" else site.missing_crn()
        site.write_config(configuration)
        run = site.qauvern(*command, exits=1)
        assert configuration["instances"][3]["name"] in run.stderr
        assert configuration["instances"][3]["crn"] in run.stderr
        assert run.writes == []
        assert run.stdout == ""


class TestNames:
    def test_a_drifted_name_is_a_warning_with_both_names(self, site: Site) -> None:
        configuration = site.configuration()
        old = configuration["instances"][0]["name"]
        configuration["instances"][0]["name"] = "renamed-since"
        site.write_config(configuration)
        (line,) = [line for line in site.qauvern("analyze").stderr.splitlines() if "renamed-since" in line]
        assert line.startswith("Warning: ")
        assert old in line

    def test_equal_names_are_a_warning_with_their_crns(self, site: Site) -> None:
        configuration = site.configuration()
        first, second = configuration["instances"][:2]
        first["name"] = second["name"]
        site.write_config(configuration)
        lines = site.qauvern("show").stderr.splitlines()
        assert [
            line for line in lines if line.startswith("Warning: ") and first["crn"] in line and second["crn"] in line
        ]

    def test_an_unchanged_account_has_no_warnings(self, site: Site) -> None:
        assert "Warning" not in site.qauvern("analyze").stderr

    @pytest.mark.parametrize("command", ["show", "instances", "analyze", "optimize"])
    def test_control_characters_never_reach_the_terminal(self, site: Site, command: str) -> None:
        configuration = site.configuration()
        configuration["instances"][0]["name"] = "evil\x1b[2J\x07"
        site.write_config(configuration)
        run = site.qauvern(command, exits=2)
        assert "evil\\x1b" in run.stderr, "named, with its characters made visible"
        assert not {"\x1b", "\x07"} & set(run.output)


@pytest.mark.parametrize("command", ["show", "instances", "analyze", "optimize --dry-run"])
@pytest.mark.parametrize("colors", [False, True], ids=["plain", "terminal"])
def test_no_table_line_is_wider_than_80(site: Site, command: str, colors: bool) -> None:
    run = site.qauvern(*command.split(), columns=80, colors=colors)
    assert widest("\n".join(table_lines(unstyle(run.stdout)))) <= 80
