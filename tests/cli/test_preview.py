"""--preview-date: net grants and their window as of another day, usage and allocations as they are."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from qauvern.balance import propose
from qauvern.cloud import Endpoints, connect, resolve_api_key
from qauvern.config import load
from qauvern.render.documents import analysis_document
from tests.helpers.cli import Site, table_rows

GRANTED = "spin-glass-sampling"
MOVES = {"new_limit_seconds", "limit_delta_seconds", "limit_breakdown", "limit_reached", "new_allocation_seconds"} | {
    "allocation_delta_seconds",
    "allocation_change_reason",
}
"""What of an instance another day may change."""


def today() -> date:
    return datetime.now(timezone.utc).date()


def analyzed(site: Site, *arguments: str) -> dict[str, Any]:
    document = site.qauvern("analyze", "--format", "json", *arguments).json()
    assert isinstance(document, dict)
    return document


def of(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(dict(each) for each in document["instances"] if each["name"] == name)


@pytest.mark.parametrize("offset", [-60, -11, -5, 0, 17, 18, 45, 46, 47, 3650])
def test_it_is_the_proposal_for_that_day(site: Site, offset: int) -> None:
    day = today() + timedelta(days=offset)
    settings = load(site.config)
    environment = site.qauvern.environment
    with connect(Endpoints.from_environment(environment), resolve_api_key(None, environment)) as client:
        since = {each.crn: today() - timedelta(days=88) for each in settings.instances if each.net_grants}
        snapshot = client.take_snapshot(settings, now=datetime.now(timezone.utc), daily_since=since)
    expected = analysis_document(propose(snapshot, settings, day), preview_date=day)
    assert analyzed(site, "--preview-date", day.isoformat()) == expected


class TestWhatMoves:
    @pytest.mark.parametrize("offset", [-30, 40])
    def test_live_usage_and_allocations_stay(self, site: Site, offset: int) -> None:
        now = analyzed(site)
        then = analyzed(site, "--preview-date", (today() + timedelta(days=offset)).isoformat())
        moves = ("groups", "instances", "preview_date", "reserve")
        assert {key: value for key, value in then.items() if key not in moves} == {
            key: value for key, value in now.items() if key not in moves
        }
        for before, after in zip(now["groups"], then["groups"], strict=True):
            assert {key for key in before if before[key] != after[key]} <= {"new_allocation_seconds"}
        for before, after in zip(now["instances"], then["instances"], strict=True):
            assert {key for key in before if before[key] != after[key]} <= MOVES

    def test_before_a_grant_starts_and_after_it_has_ended_its_limit_is_the_base(self, site: Site) -> None:
        assert of(analyzed(site), GRANTED)["new_limit_seconds"] > 6_000
        for offset in (-11, 18 + 28):  # it is from 10 days ago to before in 18 days
            day = (today() + timedelta(days=offset)).isoformat()
            document = of(analyzed(site, "--preview-date", day), GRANTED)
            terms = document["limit_breakdown"]
            assert (document["new_limit_seconds"], terms["base_seconds"], terms["total_seconds"]) == (6_000,) * 3

    def test_a_grant_that_lies_ahead_lifts_the_limit_once_it_has_started(self, site: Site) -> None:
        configuration = site.configuration()
        each = next(each for each in configuration["instances"] if each["name"] == "aerospace-cfd")
        start = today() + timedelta(days=400)
        grant = {"start_date": f"{start}T00:00:00Z", "net_grant_seconds": 777}
        each |= {"limit_seconds": 100_000, "net_grants": [grant]}
        site.write_config(configuration)
        limits = [
            of(analyzed(site, "--preview-date", (start + timedelta(days=days)).isoformat()), "aerospace-cfd")
            for days in (-1, 0, 27, 28)
        ]
        assert [limit["new_limit_seconds"] for limit in limits] == [100_000, 100_777, 100_777, 100_000]


class TestSaid:
    def test_in_the_table_the_json_and_the_csv(self, site: Site) -> None:
        table = site.qauvern("analyze", "--preview-date", "2027-03-01").stdout
        said = "net grants, limits and their window as of 2027-03-01; usage and allocations are today's"
        assert table.splitlines()[0].split(maxsplit=1) == ["Preview", said]
        assert len(table_rows(table, ["Name"])) == len(site.configuration()["instances"])
        assert analyzed(site, "--preview-date", "2027-03-01")["preview_date"] == "2027-03-01"
        rows = csv.DictReader(
            io.StringIO(site.qauvern("analyze", "--preview-date", "2027-03-01", "--format", "csv").stdout)
        )
        assert {row["preview_date"] for row in rows} == {"2027-03-01"}

    def test_not_without_one(self, site: Site) -> None:
        assert "Preview" not in site.qauvern("analyze").stdout
        assert analyzed(site)["preview_date"] is None

    def test_it_does_not_suggest_to_apply_it(self, site: Site) -> None:
        assert "optimize" not in site.qauvern("analyze", "--preview-date", "2027-03-01").stderr


class TestBadUsage:
    def test_it_does_not_go_with_a_plan(self, site: Site) -> None:
        run = site.qauvern("analyze", "--preview-date", "2027-03-01", "--save-plan", "plan.json", exits=2)
        assert "--save-plan does not go with --preview-date" in run.stderr
        assert run.requests == ()
        assert not (site.folder / "plan.json").exists()

    @pytest.mark.parametrize(
        "day", ["tomorrow", "2027-13-01", "01.03.2027", "", "0001-01-01", "1969-12-31", "0001-01-01T00:00:00+05:00"]
    )
    def test_what_is_no_date(self, site: Site, day: str) -> None:
        run = site.qauvern("analyze", "--preview-date", day, exits=2)
        assert "--preview-date" in run.stderr
        assert run.requests == ()

    def test_a_moment_with_an_offset_is_the_utc_day_it_falls_on(self, site: Site) -> None:
        assert analyzed(site, "--preview-date", "2027-03-01T23:30:00-02:00")["preview_date"] == "2027-03-02"

    @pytest.mark.parametrize("day", ["1970-01-01", "9999-12-31"])
    def test_the_first_and_the_last_day_work(self, site: Site, day: str) -> None:
        assert analyzed(site, "--preview-date", day)["preview_date"] == day
