"""--daily: pictures of daily usage, where they are wanted and fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click import unstyle

from tests.helpers.cli import Qauvern, Run, Site, widest

COMMANDS = ["show", "analyze"]
NOTES = ("Daily: usage of the last 28 days, today on the right", "Use: 28-day usage against the allocation (A)")


def headers(run: Run) -> list[str]:
    line = next(line for line in unstyle(run.stdout).splitlines() if line.startswith("Name"))
    return [each for each in line.split() if each in ("Daily", "Use")]


@pytest.fixture
def large(qauvern: Qauvern, tmp_path: Path) -> Iterator[Site]:
    """An account of 101 configured instances."""
    from qauvern.sandbox import Sandbox

    with Sandbox.create(instances=106) as sandbox, sandbox.serve() as running:
        qauvern.environment.update(running.environment())
        qauvern.sandbox = sandbox
        site = Site(sandbox, running, tmp_path, qauvern)
        site.write_config(site.configuration())
        assert len(site.configuration()["instances"]) == 101
        yield site


@pytest.mark.parametrize("command", COMMANDS)
class TestWhen:
    def test_asked_for(self, site: Site, command: str) -> None:
        assert headers(site.qauvern(command, "--daily")) == ["Daily", "Use"]

    def test_by_itself_on_a_terminal_only(self, site: Site, command: str) -> None:
        assert headers(site.qauvern(command, columns=220, colors=True)) == ["Daily", "Use"]
        assert headers(site.qauvern(command, columns=220)) == []
        assert headers(site.qauvern(command)) == []

    def test_not_where_it_is_unwanted(self, site: Site, command: str) -> None:
        assert headers(site.qauvern(command, "--no-daily", columns=200, colors=True)) == []

    def test_without_them_no_daily_usage_is_read_for_them(self, site: Site, command: str) -> None:
        configuration = site.configuration()
        for each in configuration["instances"]:
            each.pop("net_grants", None)
        site.write_config(configuration)
        counts = [
            sum("usage_grouped_by_date" in record.path for record in site.qauvern(command, option).requests)
            for option in ("--no-daily", "--daily")
        ]
        assert counts[0] == 0
        assert counts[1] > 0

    @pytest.mark.parametrize("output_format", ["json", "csv"])
    def test_not_in_other_formats(self, site: Site, command: str, output_format: str) -> None:
        plain = site.qauvern(command, "--format", output_format)
        assert site.qauvern(command, "--format", output_format, "--daily").stdout == plain.stdout


def test_by_itself_for_at_most_100_instances(large: Site) -> None:
    assert headers(large.qauvern("show", columns=200, colors=True)) == []
    assert headers(large.qauvern("show", "--daily", columns=200)) == ["Daily", "Use"]
    configuration = large.configuration()
    del configuration["instances"][0]
    large.write_config(configuration)
    assert headers(large.qauvern("show", columns=200, colors=True)) == ["Daily", "Use"]


@pytest.mark.parametrize("command", COMMANDS)
class TestHow:
    def test_marks_are_explained_below(self, site: Site, command: str) -> None:
        below = site.qauvern(command, "--daily").stdout.partition("\nTotal")[2]
        assert all(note in below for note in NOTES)
        without = site.qauvern(command).stdout
        assert not any(note in without for note in NOTES)

    def test_without_utf_8_all_is_ascii(self, site: Site, command: str) -> None:
        run = site.qauvern(command, "--daily", encoding="latin-1")
        assert headers(run) == ["Daily", "Use"]
        assert run.stdout.isascii()
        assert "█" in site.qauvern(command, "--daily").stdout

    def test_where_there_is_no_room_they_go_and_that_is_said(self, site: Site, command: str) -> None:
        run = site.qauvern(command, "--daily", columns=80)
        assert headers(run) == []
        (said,) = [line for line in run.stderr.splitlines() if line.startswith("Not shown at this width")]
        assert "Daily" in said
        assert "Use" in said
        assert not any(note[:5] in run.stdout for note in NOTES)

    def test_one_that_fits_alone_stays_with_its_explanation(self, site: Site, command: str) -> None:
        for width in range(80, 220, 4):
            run = site.qauvern(command, "--daily", columns=width) if width > 100 else None
            if run is not None and headers(run) == ["Daily"]:
                assert widest(run.stdout.partition("\nTotal")[0].partition("\nName")[2]) <= width
                assert "Daily: usage" in run.stdout
                assert "Use: 28-day" not in run.stdout
                return
        pytest.fail("at no width did one alone fit")

    def test_a_row_for_each_instance_and_none_in_the_totals(self, site: Site, command: str) -> None:
        lines = site.qauvern(command, "--daily").stdout.splitlines()
        start = next(index for index, line in enumerate(lines) if line.startswith("Name"))
        at = lines[start].rindex("Use")
        end = next(index for index, line in enumerate(lines) if line.startswith("Total"))
        bars = [line[at : at + 20] for line in lines[start + 2 : end - 1]]
        assert len(bars) == len(site.configuration()["instances"])
        assert {len(bar) for bar in bars} == {20}
        assert all({"A", "X"} & set(bar) for bar in bars), "each has its allocation"
        assert len(lines[end]) < at
