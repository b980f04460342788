"""A config file that lists no instances: everything works on it, and update fills it."""

from __future__ import annotations

import pytest

from qauvern.config import load
from tests.helpers.cli import Site


@pytest.fixture
def empty(site: Site) -> Site:
    head = f"account_id: {site.sandbox.account_id}\nplan: premium\nminimum_allocation_seconds: 60\n"
    site.write_config(f"{head}instances: []  # update fills it\n")
    return site


@pytest.mark.parametrize(
    "command",
    [
        ["analyze"],
        ["analyze", "--format", "csv"],
        ["analyze", "--daily"],
        ["show"],
        ["show", "--format", "json"],
        ["instances"],
        ["report"],
        ["optimize", "--yes"],
    ],
    ids=" ".join,
)
def test_a_command_warns_and_finds_nothing_to_change(empty: Site, command: list[str]) -> None:
    run = empty.qauvern(*command)
    assert run.writes == []
    assert "qauvern update" in run.stderr


def test_all_that_is_held_is_held_by_unconfigured_instances(empty: Site) -> None:
    document = empty.qauvern("analyze", "--format", "json").json()
    account = document["account"]
    assert document["instances"] == []
    held = account["allocation_budget_seconds"] - account["unallocated_seconds"]
    assert account["unmanaged_allocation_seconds"] == held > 0


def test_update_fills_it(empty: Site) -> None:
    empty.qauvern("update", "--yes")
    assert len(load(empty.config).instances) > 10
    assert "lists no instances" not in empty.qauvern("analyze").stderr
