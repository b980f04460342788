"""--format table|json|csv: the data alone on stdout, whatever the data are."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.helpers.cli import Run, Site

PER_INSTANCE = ["show", "instances", "analyze", "optimize --dry-run"]
EVERY = [*PER_INSTANCE, "explain drug-docking", "history"]


def rows_of(run: Run) -> list[dict[str, str]]:
    """stdout, which must be CSV and nothing else."""
    reader = csv.DictReader(io.StringIO(run.stdout, newline=""), strict=True)
    rows = list(reader)
    assert all(None not in row and None not in row.values() for row in rows), "every row has every cell"
    return rows


def columns_of(run: Run) -> str:
    return run.stdout.splitlines()[0]


def run_csv(site: Site, command: str, exits: int | None = 0) -> Run:
    return site.qauvern(*command.split(), "--format", "csv", exits=exits)


def as_cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


class TestStdout:
    @pytest.mark.parametrize("command", EVERY)
    def test_is_one_json_document_or_csv_alone(self, site: Site, command: str) -> None:
        site.set_budget(100_000)  # with warnings
        assert site.qauvern(*command.split(), "--format", "json").json()
        run = run_csv(site, command)
        rows_of(run)
        assert "Warning" not in run.stdout
        assert "Next" not in run.stdout

    @pytest.mark.parametrize("command", EVERY)
    def test_quiet_leaves_stderr_empty_and_the_data_the_same(self, site: Site, command: str) -> None:
        for output_format in ("json", "csv"):
            loud = site.qauvern(*command.split(), "--format", output_format)
            quiet = site.qauvern("--quiet", *command.split(), "--format", output_format)
            assert (quiet.stdout, quiet.stderr) == (loud.stdout, "")

    @pytest.mark.parametrize("command", ["show", "analyze", "explain drug-docking"])
    def test_a_terminal_changes_neither(self, site: Site, command: str) -> None:
        for output_format in ("json", "csv"):
            plain = site.qauvern(*command.split(), "--format", output_format)
            assert site.qauvern(*command.split(), "--format", output_format, colors=True).stdout == plain.stdout

    @pytest.mark.parametrize("command", EVERY)
    def test_another_format_is_bad_usage(self, site: Site, command: str) -> None:
        assert "'xml' is not one of" in site.qauvern(*command.split(), "--format", "xml", exits=2).stderr


class TestCsv:
    @pytest.mark.parametrize("command", PER_INSTANCE)
    def test_holds_the_figures_of_the_json_one_row_an_instance(self, site: Site, command: str) -> None:
        rows = rows_of(run_csv(site, command))
        instances = site.qauvern(*command.split(), "--format", "json").json()["instances"]
        assert len(rows) == len(instances) == len(site.configuration()["instances"])
        for row, instance in zip(rows, instances, strict=True):
            flat = {key: value for key, value in instance.items() if key != "limit_breakdown"}
            assert {key: row[key] for key in flat} == {key: as_cell(value) for key, value in flat.items()}
            breakdown = instance.get("limit_breakdown") or {}
            assert {key: row[f"limit_breakdown_{key}"] for key in breakdown} == {
                key: as_cell(value) for key, value in breakdown.items()
            }

    @pytest.mark.parametrize("command", PER_INSTANCE)
    def test_has_the_same_columns_whatever_the_data(self, site: Site, command: str) -> None:
        columns = columns_of(run_csv(site, command))
        configuration = site.configuration()
        for each in configuration["instances"]:
            each.pop("net_grants", None)
            each.pop("limit_seconds", None)
        site.write_config({**configuration, "balance_period": {"start_date": "2026-01-01T00:00:00Z"}})
        assert columns_of(run_csv(site, command)) == columns
        site.set_budget(100_000)
        assert columns_of(run_csv(site, command)) == columns

    def test_a_preview_does_not_change_the_columns(self, site: Site) -> None:
        run = run_csv(site, "analyze --preview-date 2027-01-01")
        assert columns_of(run) == columns_of(run_csv(site, "analyze"))
        assert {row["preview_date"] for row in rows_of(run)} == {"2027-01-01"}

    def test_decreases_are_numbers(self, site: Site) -> None:
        rows = rows_of(run_csv(site, "analyze"))
        assert min(int(row["allocation_delta_seconds"]) for row in rows) < 0
        assert not any("'" in row["allocation_delta_seconds"] for row in rows)

    @pytest.mark.parametrize("command", PER_INSTANCE)
    @pytest.mark.parametrize("name", ["=1+1", "+a", "-b", "@c", 'x, "y"', "it's", "Überprüfung 量子"])
    def test_names(self, site: Site, command: str, name: str) -> None:
        configuration = site.configuration()
        configuration["instances"][0]["name"] = name
        site.write_config(configuration)
        expected = f"'{name}" if name[0] in "=+-@" else name
        assert expected in [row["name"] for row in rows_of(run_csv(site, command))]

    def test_missing_and_archived_instances_have_empty_cells(self, site: Site) -> None:
        configuration = site.configuration()
        configuration["instances"][0]["crn"] = site.missing_crn()
        site.write_config(configuration)
        (row,) = [row for row in rows_of(run_csv(site, "show")) if row["state"] == "missing"]
        assert (row["allocation_seconds"], row["fairness"]) == ("", "")

    def test_infinite_fairness_is_null_and_empty(self, site: Site) -> None:
        """An archived instance that was used: usage over an allocation of 0."""
        site.sandbox.operator.put("chem-catalysis", allocation_seconds=0)
        shown = {each["name"]: each for each in site.qauvern("show", "--format", "json").json()["instances"]}
        assert shown["chem-catalysis"]["fairness"] is None
        (row,) = [row for row in rows_of(run_csv(site, "show")) if row["name"] == "chem-catalysis"]
        assert row["fairness"] == ""


class TestHistory:
    def test_without_a_run_there_is_the_header_alone(self, site: Site) -> None:
        run = run_csv(site, "history")
        assert columns_of(run).startswith("run,started_at,")
        assert rows_of(run) == []
        assert site.qauvern("history", "--format", "json").json() == {"runs": []}

    def test_runs_and_their_changes_keep_their_columns(self, site: Site) -> None:
        empty = columns_of(run_csv(site, "history"))
        site.sandbox.inject("patch:1=400")
        site.qauvern("optimize", "--yes", exits=3)
        history = run_csv(site, "history")
        assert columns_of(history) == empty
        (row,) = rows_of(history)
        document = site.qauvern("history", row["run"], "--format", "json").json()
        changes = run_csv(site, f"history {row['run']}")
        assert columns_of(changes) == (
            "name,crn,before_allocation_seconds,before_limit_seconds,after_allocation_seconds,after_limit_seconds,"
            "actual_allocation_seconds,actual_limit_seconds,reason,result,detail"
        )
        assert len(rows_of(changes)) == len(document["changes"])
        for change, expected in zip(rows_of(changes), document["changes"], strict=True):
            actual = expected["actual"] or {"allocation_seconds": None}
            assert change["actual_allocation_seconds"] == as_cell(actual["allocation_seconds"])
            assert change["result"] == expected["result"]
