"""Debt, limits that are reached, a plan over its budget, instances that are archived or missing: explained where they
show, and only there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern.balance import propose
from qauvern.model import InstanceSettings
from qauvern.render.analysis import analysis_notes
from qauvern.render.instances import state_notes
from qauvern.render.views import instance_views
from tests.helpers.cli import Site
from tests.helpers.make import TODAY, Team, settings, snapshot


def states(*teams: Team, over_budget: bool = False, missing: bool = False) -> list[str]:
    seen, wanted = snapshot(teams, budget=1_000), settings(teams)
    if missing:
        wanted = replace(wanted, instances=(*wanted.instances, InstanceSettings("gone", Team("gone").crn)))
    views = instance_views(wanted, seen.instances.values(), seen.usage)
    return [note.split(":")[0] for note in state_notes(views, over_budget=over_budget)]


class TestStates:
    def test_none_no_notes(self) -> None:
        assert states(Team("a", consumed=5, live_limit=6)) == []

    def test_each_that_shows_once(self) -> None:
        assert states(Team("a", consumed=5, live_limit=5), Team("b", consumed=9, live_limit=5)) == ["limit reached"]
        assert states(Team("a", 0), missing=True) == ["archived", "missing"]
        assert states(Team("a"), over_budget=True) == ["over budget"]


class TestAnalysis:
    @pytest.mark.parametrize(
        ("team", "over_budget", "expected"),
        [
            (Team("a", consumed=5, active=5, limit=500), False, []),
            (Team("a", consumed=50, active=5, limit=5), False, ["!  in debt", "at limit"]),
            (Team("a", consumed=50, active=5, limit=50), False, ["at limit"]),
            (Team("a", consumed=2_000, active=5, limit=50), True, ["over budget", "!  in debt", "over"]),
            (Team("a", consumed=2_000, active=5), True, ["over budget"]),
        ],
    )
    def test_each_that_shows(self, team: Team, over_budget: bool, expected: list[str]) -> None:
        proposal = propose(snapshot([team], budget=1_000), settings([team]), TODAY)
        assert proposal.over_budget == over_budget
        notes = analysis_notes(proposal.lines, over_budget=proposal.over_budget)
        assert [note.split(":")[0] for note in notes] == expected


class TestUnderTheTables:
    @pytest.mark.parametrize("command", ["show", "instances"])
    def test_what_limit_reached_means_and_what_to_do(self, site: Site, command: str) -> None:
        below = site.qauvern(command).stdout.partition("\nTotal")[2]
        assert "limit reached: its 28-day usage has come to its limit" in below
        assert "a higher limit_seconds or a net grant" in below

    @pytest.mark.parametrize("command", ["show", "analyze", "optimize --dry-run"])
    def test_what_over_budget_means_and_what_to_do(self, site: Site, command: str) -> None:
        assert "over budget: " not in site.qauvern(*command.split()).stdout
        site.set_budget(100_000)
        below = site.qauvern(*command.split()).stdout.partition("\nTotal")[2]
        assert "over budget: the plan's 28-day usage has reached its budget" in below
        assert "more budget ends it sooner" in below

    @pytest.mark.parametrize("command", ["analyze", "optimize --dry-run"])
    def test_what_debt_means_and_what_to_do(self, site: Site, command: str) -> None:
        below = site.qauvern(*command.split()).stdout.partition("\nTotal")[2]
        assert "!  in debt: its 28-day usage exceeds its limit" in below
        assert "a higher limit_seconds or a net grant lets it run sooner" in below

    def test_what_underutilized_means_and_what_to_do(self, site: Site) -> None:
        below = site.qauvern("analyze").stdout.partition("\nTotal")[2]
        assert "less than half each" in below
        assert "what they neither use nor earn by recent activity goes to active instances" in below

    @pytest.mark.parametrize("command", ["show", "instances", "analyze", "optimize --dry-run"])
    def test_they_fit_the_terminal_and_are_not_in_other_formats(self, site: Site, command: str) -> None:
        below = site.qauvern(*command.split(), columns=80).stdout.partition("\nTotal")[2]
        assert max(map(len, below.splitlines())) <= 80
        for output_format in ("json", "csv"):
            assert "its 28-day usage" not in site.qauvern(*command.split(), "--format", output_format).stdout
