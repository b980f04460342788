"""report: one self-contained HTML page."""

from __future__ import annotations

import sys
from datetime import date, timedelta

import pytest

from tests.helpers import make
from tests.helpers.cli import Site
from tests.helpers.page import Page

pytest.importorskip("qauvern.render.report", reason="the extra `report` is not installed")


def written(site: Site, name: str = "report.html") -> Page:
    return Page((site.folder / name).read_text(encoding="utf-8"))


class TestPage:
    def test_is_written_and_told_of_on_stderr(self, site: Site) -> None:
        run = site.qauvern("report")
        assert run.stdout == ""
        assert "Wrote report.html" in run.stderr
        assert "open it in a browser" in run.stderr
        assert run.writes == []
        names = {each["name"] for each in site.configuration()["instances"]}
        assert {row.texts["name"] for row in written(site).tables["changes"]} == names

    def test_goes_where_it_is_told_to(self, site: Site) -> None:
        site.qauvern("-q", "report", "-o", "other.html")
        assert written(site, "other.html").tables
        assert not (site.folder / "report.html").exists()

    def test_goes_to_stdout_where_it_is_told_to(self, site: Site) -> None:
        run = site.qauvern("report", "-o", "-")
        assert Page(run.stdout).tables
        assert not (site.folder / "-").exists()

    @pytest.mark.parametrize(
        "words", [["--only", "a*"], ["--sort", "change:desc", "--top", "3"], ["--exclude", "[b-z]*"]]
    )
    def test_is_about_what_is_selected_and_nobody_else(self, site: Site, words: list[str]) -> None:
        listed = site.qauvern("analyze", *words, "--format", "json").json()["instances"]
        run = site.qauvern("report", *words, "-o", "-")
        page = Page(run.stdout)
        assert {row.texts["name"] for row in page.tables["changes"]} == {each["name"] for each in listed}
        others = {each["name"] for each in site.configuration()["instances"]} - {each["name"] for each in listed}
        assert not [name for name in others if name in run.stdout]

    def test_of_a_state_in_which_nothing_is_is_written_too(self, site: Site) -> None:
        run = site.qauvern("report", "--only", "state:idle", "--exclude", "state:idle", "-o", "-")
        assert "no instance" in run.stdout

    @pytest.mark.parametrize("words", [["--only", "zzz"], ["--sort", "zzz"], ["--for", "group:a", "--only", "a*"]])
    def test_of_what_there_is_not_is_bad_usage(self, site: Site, words: list[str]) -> None:
        site.qauvern("report", *words, exits=2)
        assert not (site.folder / "report.html").exists()

    def test_replaces_the_one_before(self, site: Site) -> None:
        (site.folder / "report.html").write_text("old")
        site.qauvern("report")
        assert written(site).tables

    def test_of_a_folder_that_is_not_there_is_an_error(self, site: Site) -> None:
        assert "cannot be written" in site.qauvern("report", "-o", "none/report.html", exits=1).stderr

    def test_shows_the_daily_usage_of_instances_without_grants_too(self, site: Site) -> None:
        site.qauvern("report")
        used = {each["name"]: sum(each["daily_seconds"]) for each in written(site).data["instances"]}
        assert used["aerospace-cfd"]
        assert used["spin-glass-sampling"]

    def test_takes_few_requests_more_than_analyze(self, site: Site) -> None:
        analyze = site.qauvern("analyze").requests
        assert len(site.qauvern("report").requests) <= len(analyze) + 1  # daily usage of the other region

    def test_reads_daily_usage_as_far_back_as_past_limits_take_it(self) -> None:
        """The window of the first day shown, 28 days back, starts 28 days before."""
        from qauvern.actions.analyze import Daily, daily_since

        today = date(2026, 3, 15)
        given = make.grant(date(2026, 3, 20), date(2026, 4, 20), 50)
        teams = [make.Team("a", limit=10, grants=(given,)), make.Team("b")]
        settings = make.settings(teams)
        since = daily_since(settings, today, Daily.PAST_LIMITS, today)
        assert since == {make.crn("a"): today - timedelta(days=56), make.crn("b"): today - timedelta(days=56)}
        assert daily_since(settings, today, Daily.LIMITS, today) == {}

    def test_for_one_instance_holds_nothing_about_the_others(self, site: Site) -> None:
        run = site.qauvern("report", "--for", "drug-docking", "-o", "-")
        page = Page(run.stdout)
        assert [each["name"] for each in page.data["instances"]] == ["drug-docking"]
        assert not page.facts
        others = {each["name"] for each in site.configuration()["instances"]} - {"drug-docking"}
        assert [name for name in others if name in run.stdout] == []

    def test_for_one_group(self, site: Site) -> None:
        configuration = site.configuration()
        names = [each["name"] for each in configuration["instances"][:2]]
        for each in configuration["instances"]:
            each.pop("group", None)
            if each["name"] in names:
                each["group"] = "ours"
        configuration["groups"] = [{"name": "ours"}]
        site.write_config(configuration)
        page = Page(site.qauvern("report", "--for", "group:ours", "-o", "-").stdout)
        assert sorted(each["name"] for each in page.data["instances"]) == sorted(names)
        assert [row.texts["name"] for row in page.tables["groups"]] == ["ours"]

    @pytest.mark.parametrize(("wanted", "status"), [("nobody", 1), ("group:nobody", 2), ("group:", 2)])
    def test_for_whom_there_is_not_writes_nothing(self, site: Site, wanted: str, status: int) -> None:
        run = site.qauvern("report", "--for", wanted, exits=status)
        assert not run.requests
        assert not (site.folder / "report.html").exists()

    def test_shows_the_limits_that_net_grants_move(self, site: Site) -> None:
        site.qauvern("report")
        page = written(site)
        assert {row.texts["name"] for row in page.tables["grants"]} == {"drug-docking", "spin-glass-sampling"}
        assert "Limit of drug-docking" in page.text

    def test_tells_of_a_plan_over_budget(self, site: Site) -> None:
        site.set_budget(100_000)
        site.qauvern("report", exits=None)
        assert "The plan is over its budget" in written(site).text

    def test_of_the_sandbox(self, site: Site) -> None:
        site.qauvern("--sandbox", "report", "-o", "sandbox.html")
        assert written(site, "sandbox.html").tables


class TestMissingExtra:
    @pytest.mark.parametrize("package", ["jinja2"])
    def test_is_told_in_one_line_before_any_request(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, package: str
    ) -> None:
        for name in [each for each in sys.modules if each.startswith("qauvern.render.report")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr("qauvern.render.report", raising=False)
        monkeypatch.setitem(sys.modules, package, None)
        run = site.qauvern("report", exits=1)
        assert run.stderr.splitlines() == [
            f"Error: report takes a package that is not installed ({package}): pip install 'qauvern[report]'."
        ]
        assert run.requests == ()
        assert not (site.folder / "report.html").exists()
