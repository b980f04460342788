"""`limit_seconds: none`: no limit, also where the account has one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helpers.cli import Site

TEAM = "qml-course-2026"


def shown(site: Site, *arguments: str) -> dict[str, Any]:
    rows = site.qauvern(*arguments, "--format", "json").json()["instances"]
    return next(row for row in rows if row["name"] == TEAM)


@pytest.fixture
def site_without_limit(site: Site) -> Site:
    configuration = site.configuration()
    entry = next(each for each in configuration["instances"] if each["name"] == TEAM)
    assert entry["limit_seconds"] == 16_000
    entry["limit_seconds"] = "none"
    site.write_config(configuration)
    return site


def test_analyze_and_explain_show_that_the_live_limit_goes(site_without_limit: Site) -> None:
    row = shown(site_without_limit, "analyze")
    assert (row["current_limit_seconds"], row["new_limit_seconds"], row["limit_breakdown"]) == (14_000, None, None)
    assert "none" in site_without_limit.qauvern("explain", TEAM).stdout.partition("\nLimit\n")[2].splitlines()[0]


def test_update_keeps_it(site_without_limit: Site) -> None:
    site_without_limit.qauvern("update", "--yes", "--no-add")
    assert shown(site_without_limit, "analyze")["new_limit_seconds"] is None


def test_optimize_removes_it_and_undo_puts_it_back(site_without_limit: Site) -> None:
    site_without_limit.qauvern("optimize", "--yes")
    assert shown(site_without_limit, "instances")["limit_seconds"] is None
    site_without_limit.qauvern("undo", "--yes")
    assert shown(site_without_limit, "instances")["limit_seconds"] == 14_000
