"""grant and set: the file changes line by line; with --apply that instance's limit is written, and nothing else."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from qauvern.actions.workplace import state_folder
from qauvern.apply import run_lock
from qauvern.config import load
from qauvern.model import BillingPlan, LimitRule, NetGrant
from tests.helpers.cli import Site

UNLIMITED, GRANTED = "chem-catalysis", "drug-docking"


@pytest.fixture(autouse=True)
def as_a_person_writes_it(site: Site) -> None:
    site.write_config(yaml.safe_dump(site.configuration(), sort_keys=False))


def of(site: Site, name: str) -> tuple[int | LimitRule, tuple[NetGrant, ...]]:
    entry = next(each for each in load(site.config).instances if each.name == name)
    return entry.limit_seconds, entry.net_grants


def limit_of(site: Site, name: str) -> int | None:
    limit: int | None = site.live()[name]["extensions"]["instance_limit_seconds"]
    return limit


class TestGrant:
    def test_is_added_for_28_days_from_today(self, site: Site) -> None:
        before = of(site, GRANTED)[1]
        run = site.qauvern("grant", GRANTED, "10h", "--yes")
        today = datetime.now(timezone.utc).date()
        assert of(site, GRANTED)[1] == (*before, NetGrant(today, today + timedelta(days=28), 36_000))
        assert run.writes == []
        assert (site.folder / "config.yaml.bak").exists()

    def test_apply_writes_that_limit_and_nothing_else_and_undo_puts_it_back(self, site: Site) -> None:
        held, limit = site.held(), limit_of(site, GRANTED)
        run = site.qauvern("grant", GRANTED, "10h", "--until", "2099-01-31", "--apply", "-m", "paper deadline", "--yes")
        assert len(run.writes) == 1
        assert site.held() == held
        explained = site.qauvern("explain", GRANTED, "--format", "json").json()
        assert limit_of(site, GRANTED) == explained["limit"]["seconds"]
        (journalled,) = site.qauvern("history", "--format", "json").json()["runs"]
        assert journalled["message"] == "paper deadline"
        assert "paper deadline" in site.qauvern("history").stdout
        site.qauvern("undo", "--yes")
        assert limit_of(site, GRANTED) == limit
        assert site.held() == held

    def test_at_no_the_file_and_the_account_stay(self, site: Site) -> None:
        text = site.config.read_text()
        run = site.qauvern("grant", GRANTED, "10h", "--apply", answers="n\n")
        assert site.config.read_text() == text
        assert run.writes == []

    def test_dry_run(self, site: Site) -> None:
        text = site.config.read_text()
        run = site.qauvern("grant", GRANTED, "10h", "--apply", "--dry-run")
        assert "net_grant_seconds: 36000" in run.stdout
        assert "limit" in run.stdout
        assert site.config.read_text() == text
        assert run.writes == []

    def test_without_a_limit_says_what_to_do(self, site: Site) -> None:
        run = site.qauvern("grant", UNLIMITED, "10h", "--yes", exits=2)
        assert f"qauvern set {UNLIMITED} --limit" in run.stderr
        assert run.requests == ()

    @pytest.mark.parametrize(
        "arguments",
        [
            ["10h", "--from", "2026-03-01", "--until", "2026-03-01"],
            ["10h", "--from", "2026-03-02", "--until", "2026-03-01"],
            ["10h", "--from", "9999-12-31"],
            ["0"],
            ["-5"],
            ["1.5s"],
            ["ten"],
            ["10h", "-m", "why"],
        ],
        ids=" ".join,
    )
    def test_bad_usage(self, site: Site, arguments: list[str]) -> None:
        text = site.config.read_text()
        assert site.qauvern("grant", GRANTED, *arguments, exits=2).requests == ()
        assert site.config.read_text() == text

    def test_a_name_that_two_have_asks_for_the_crn(self, site: Site) -> None:
        site.write_config(site.config.read_text().replace(f"name: {UNLIMITED}", f"name: {GRANTED}"))
        run = site.qauvern("grant", GRANTED, "10h", "--yes", exits=1)
        assert site.crn_of(UNLIMITED) in run.stderr
        crn = site.crn_of(GRANTED)
        site.qauvern("grant", crn, "10h", "--yes")
        assert next(each for each in load(site.config).instances if each.crn == crn).net_grants[-1].net_grant_seconds

    def test_an_account_of_resource_units_leaves_the_file_as_it_is_too(self, site: Site) -> None:
        site.sandbox.operator.announce_resource_units(0.5)
        text = site.config.read_text()
        run = site.qauvern("grant", GRANTED, "10h", "--apply", "--yes", exits=1)
        assert site.config.read_text() == text
        assert run.writes == []

    def test_another_run_holds_the_lock(self, site: Site) -> None:
        text = site.config.read_text()
        with run_lock(state_folder(os.environ), site.sandbox.account_id, BillingPlan.PREMIUM):
            site.qauvern("grant", GRANTED, "10h", "--apply", "--yes", exits=5)
        assert site.config.read_text() == text


class TestSet:
    def test_no_limit_is_written_and_undone(self, site: Site) -> None:
        name = next(
            each.name
            for each in load(site.config).instances
            if isinstance(each.limit_seconds, int) and not each.net_grants and limit_of(site, each.name) is not None
        )
        before, held = limit_of(site, name), site.held()
        run = site.qauvern("set", name, "--limit", "none", "--apply", "--yes")
        assert (len(run.writes), limit_of(site, name), of(site, name)[0]) == (1, None, LimitRule.NONE)
        site.qauvern("undo", "--yes")
        assert (limit_of(site, name), site.held()) == (before, held)

    def test_a_duration(self, site: Site) -> None:
        site.qauvern("set", UNLIMITED, "--limit", "20h", "--yes")
        assert of(site, UNLIMITED)[0] == 72_000
        run = site.qauvern("set", UNLIMITED, "--limit", "72000", "--yes")
        assert "Nothing to change" in run.stderr

    def test_what_the_file_says_already_is_still_written_to_the_account(self, site: Site) -> None:
        site.qauvern("set", UNLIMITED, "--limit", "20h", "--yes")
        run = site.qauvern("set", UNLIMITED, "--limit", "20h", "--apply", "--yes")
        assert len(run.writes) == 1
        assert limit_of(site, UNLIMITED) == 72_000

    def test_live_takes_the_configured_limit_away(self, site: Site) -> None:
        site.qauvern("set", UNLIMITED, "--limit", "20h", "--yes")
        site.qauvern("set", UNLIMITED, "--limit", "live", "--yes")
        assert of(site, UNLIMITED)[0] is LimitRule.LIVE

    def test_a_write_that_fails_leaves_the_file_written_and_ends_with_3(self, site: Site) -> None:
        site.sandbox.inject("patch=500")
        run = site.qauvern("set", UNLIMITED, "--limit", "20h", "--apply", "--yes", "--operation-timeout", "1s", exits=3)
        assert of(site, UNLIMITED)[0] == 72_000
        assert f"Wrote {site.config.name}" in run.stderr

    @pytest.mark.parametrize("arguments", [[], ["--limit", "-1"], ["--limit", "1.5s"], ["--group", "no-such-group"]])
    def test_bad_usage(self, site: Site, arguments: list[str]) -> None:
        site.qauvern("set", UNLIMITED, *arguments, "--yes", exits=2)
