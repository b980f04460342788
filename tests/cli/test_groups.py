"""Groups on the command line: warnings, what update says, saved plans and undo."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Any

import pytest

from qauvern.config import render_plain
from tests.helpers.cli import Site, table_rows, widest


def grouped(site: Site, members: Mapping[str, str], *groups: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The config file with these groups, whose members are named: written, and returned as plain data."""
    configuration = {**site.configuration(), "groups": list(groups), **keys}
    for entry in configuration["instances"]:
        entry.pop("group", None)
        if entry["name"] in members:
            entry["group"] = members[entry["name"]]
    write(site, configuration)
    return configuration


def write(site: Site, configuration: dict[str, Any]) -> None:
    """In block style, which update can edit."""
    site.write_config(render_plain(configuration, "Groups."))


def analysis(site: Site, *options: str) -> Any:
    return site.qauvern("analyze", "--format", "json", *options).json()


class TestWarnings:
    @pytest.mark.parametrize("command", ["show", "analyze"])
    def test_a_group_without_instances_is_named(self, site: Site, command: str) -> None:
        grouped(site, {"chem-catalysis": "full"}, {"name": "full"}, {"name": "empty"})
        said = site.qauvern(command).stderr
        assert "the group `empty` has no instances" in said
        assert "group: empty" in said
        assert "full" not in said

    def test_shares_of_100_leave_nothing_to_the_others(self, site: Site) -> None:
        grouped(site, {"chem-catalysis": "all"}, {"name": "all", "share_percent": 100})
        assert "add up to 100" in site.qauvern("optimize", "--dry-run").stderr

    def test_a_limit_below_the_floors_is_passed_and_named(self, site: Site) -> None:
        grouped(site, {"chem-catalysis": "small"}, {"name": "small", "limit_seconds": 1})
        shown = site.qauvern("analyze")
        assert "the limit of the group small, 1 s, is below" in shown.stderr
        document = analysis(site)
        assert document["validation_errors"] == []
        (instance,) = (each for each in document["instances"] if each["name"] == "chem-catalysis")
        assert instance["new_allocation_seconds"] >= instance["consumed_28day_seconds"]


TWO = {
    "chem-catalysis": "chem",
    "materials-superconductors": "chem",
    "lattice-gauge-theory": "phys",
    "nuclear-structure": "phys",
}


class TestFigures:
    def test_a_group_is_the_sum_of_its_instances(self, site: Site) -> None:
        grouped(site, TWO, {"name": "phys", "limit_seconds": 20_000}, {"name": "chem"})
        document = analysis(site)
        chem, phys = document["groups"]
        assert (chem["name"], chem["limit_seconds"], chem["instances"]) == ("chem", None, 2)
        assert (phys["name"], phys["limit_seconds"], phys["instances"]) == ("phys", 20_000, 2)
        for each in (chem, phys):
            members = [line for line in document["instances"] if line["group"] == each["name"]]
            assert {line["name"] for line in members} == {name for name, group in TWO.items() if group == each["name"]}
            for figure in ("current_allocation_seconds", "new_allocation_seconds", "consumed_28day_seconds"):
                assert each[figure] == pytest.approx(sum(line[figure] for line in members))
        assert phys["new_allocation_seconds"] == 20_000
        assert {line["group"] for line in document["instances"]} == {"chem", "phys", None}

    def test_with_shares_those_in_no_group_are_one_more(self, site: Site) -> None:
        grouped(site, TWO, {"name": "phys", "share_percent": 12.5}, {"name": "chem", "share_percent": 37})
        document = analysis(site)
        assert [(each["name"], each["share_percent"]) for each in document["groups"]] == [
            ("chem", 37),
            ("none", 50.5),
            ("phys", 12.5),
        ]
        new = sum(each["new_allocation_seconds"] for each in document["instances"])
        assert sum(each["new_allocation_seconds"] for each in document["groups"]) == new
        shown = site.qauvern("show", "--format", "json").json()
        for each, as_analyzed in zip(shown["groups"], document["groups"], strict=True):
            assert each == {key: value for key, value in as_analyzed.items() if key != "new_allocation_seconds"}

    def test_without_groups_there_are_none(self, site: Site) -> None:
        configuration = grouped(site, {})
        assert analysis(site)["groups"] == []
        assert site.qauvern("show", "--format", "json").json()["groups"] == []
        del configuration["groups"]
        write(site, configuration)
        assert analysis(site)["groups"] == []
        assert {each["group"] for each in analysis(site)["instances"]} == {None}

    def test_csv_has_the_group_of_each_instance(self, site: Site) -> None:
        grouped(site, TWO, {"name": "phys"}, {"name": "chem"})
        for command in ("analyze", "show", "instances"):
            header, *rows = csv.reader(site.qauvern(command, "--format", "csv").stdout.splitlines())
            name, group = header.index("name"), header.index("group")
            assert {row[name]: row[group] for row in rows if row[group]} == TWO


class TestTables:
    @pytest.mark.parametrize(("command", "name"), [("show", "Name"), ("analyze", "Name"), ("instances", "Name")])
    def test_instances_have_a_column_of_groups_where_there_is_room(self, site: Site, command: str, name: str) -> None:
        grouped(site, TWO, {"name": "phys"}, {"name": "chem"})
        rows = table_rows(site.qauvern(command, columns=200).stdout, [name])
        assert {row[0]: row[1] for row in rows if row[0] in TWO} == TWO
        assert {row[1] for row in rows} == {"chem", "phys", "-"}

    def test_at_80_columns_the_group_goes_and_what_is_decided_upon_stays(self, site: Site) -> None:
        grouped(site, TWO, {"name": "phys"}, {"name": "chem"})
        run = site.qauvern("analyze", columns=80)
        assert "Group" in next(line for line in run.stderr.splitlines() if "Not shown" in line)
        header = next(line for line in run.stdout.splitlines() if line.startswith("Name"))
        assert all(each in header for each in ("Cur Limit", "New Limit", "Cur Alloc", "New Alloc", "Reason"))
        assert widest(run.stdout) <= 80

    @pytest.mark.parametrize("command", ["show", "analyze"])
    def test_subtotals_are_those_of_the_json_and_add_up_to_all(self, site: Site, command: str) -> None:
        grouped(site, TWO, {"name": "phys", "limit_seconds": 20_000}, {"name": "chem"})
        said = site.qauvern(command, columns=200).stdout
        lines = said[said.index("Group  ", said.index("Total")) :].splitlines()
        rows = {row[0]: row[1:] for row in (re.split(r"  +", line.strip()) for line in lines[2:7]) if len(row) > 2}
        assert [name for name in rows if not name.startswith("-")] == ["chem", "phys", "none", "Total"]
        groups = {each["name"]: each for each in site.qauvern(command, "--format", "json").json()["groups"]}
        for name in ("chem", "phys"):
            assert f"{groups[name]['current_allocation_seconds']:,}" in rows[name]
        assert rows["phys"][:2] == ["2", "20,000"]
        totals = [line for line in said.splitlines() if line.startswith("Total")]
        held = f"{sum(each['current_allocation_seconds'] for each in analysis(site)['instances']):,}"
        assert all(held in line for line in totals)
        assert len(totals) == 2


class TestUpdate:
    def test_a_new_instance_is_in_no_group_and_it_says_so(self, site: Site) -> None:
        configuration = grouped(site, {"chem-catalysis": "chem"}, {"name": "chem"})
        others = [each for each in configuration["instances"] if each["name"] != "finance-portfolio"]
        write(site, {**configuration, "instances": others})
        said = site.qauvern("update", "--dry-run")
        assert f"Adds finance-portfolio ({site.crn_of('finance-portfolio')}), in no group." in said.stderr
        assert not [line for line in said.stdout.splitlines() if line.startswith("+") and "group" in line]

    def test_without_groups_it_does_not_speak_of_them(self, site: Site) -> None:
        configuration = grouped(site, {})
        del configuration["groups"]
        write(site, {**configuration, "instances": configuration["instances"][1:]})
        assert "group" not in site.qauvern("update", "--dry-run").output


class TestWriting:
    LIMITED = ({"name": "chem", "limit_seconds": 20_000}, {"name": "phys"})

    def held(self, site: Site, group: str) -> int:
        return sum(site.held()[name] or 0 for name, of in TWO.items() if of == group)

    def test_a_run_brings_a_group_to_its_limit(self, site: Site) -> None:
        grouped(site, TWO, *self.LIMITED)
        assert self.held(site, "chem") == 30_800
        site.qauvern("optimize", "--yes")
        assert self.held(site, "chem") == 20_000
        assert analysis(site)["validation_errors"] == []
        assert site.qauvern("analyze", "--detailed-exitcode", exits=0).writes == []

    def test_a_saved_plan_is_stale_once_a_groups_limit_has_changed(self, site: Site) -> None:
        grouped(site, TWO, *self.LIMITED)
        site.qauvern("analyze", "--save-plan", site.folder / "plan.json")
        grouped(site, TWO, {"name": "chem", "limit_seconds": 19_999}, {"name": "phys"})
        refused = site.qauvern("optimize", "--plan", site.folder / "plan.json", "--yes", exits=4)
        assert refused.writes == []
        grouped(site, TWO, *self.LIMITED[::-1])
        site.qauvern("optimize", "--plan", site.folder / "plan.json", "--yes")
        assert self.held(site, "chem") == 20_000

    def test_an_undo_that_takes_a_group_above_its_limit_says_so(self, site: Site) -> None:
        grouped(site, TWO, *self.LIMITED)
        site.qauvern("optimize", "--yes")
        said = site.qauvern("undo", "--dry-run").stderr
        assert "invariant 6 is broken: group chem" in said
        assert "30,800 s together, above its limit of 20,000 s" in said

    def test_the_dead_band_keeps_no_group_above_its_limit(self, site: Site) -> None:
        grouped(site, TWO, *self.LIMITED, guardrails={"minimum_change_seconds": 1_000_000})
        document = analysis(site)
        (chem, _) = document["groups"]
        assert chem["new_allocation_seconds"] == 20_000
        assert document["validation_errors"] == []

    def test_guardrails_count_what_a_groups_limit_takes_away(self, site: Site) -> None:
        grouped(site, TWO, *self.LIMITED, guardrails={"max_decrease_percent": 10})
        refused = site.qauvern("optimize", "--yes", "--only", "group:chem", exits=6)
        assert "materials-superconductors" in refused.stderr
        assert refused.writes == []
