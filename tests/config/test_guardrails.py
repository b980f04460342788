"""guardrails: what the config file may say, and what it is told otherwise."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from qauvern.config import ConfigError, load
from qauvern.model import Guardrails
from tests.helpers.make import ACCOUNT_ID, crn


def read(folder: Path, *lines: str) -> Guardrails:
    path = folder / "config.yaml"
    head = [f"account_id: {ACCOUNT_ID}", "plan: premium", "minimum_allocation_seconds: 60"]
    instances = ["instances:", "  - name: one", f"    crn: '{crn('one')}'"]
    path.write_text("\n".join([*head, *lines, *instances]) + "\n")
    return load(path).guardrails


def test_all_are_off_by_default(tmp_path: Path) -> None:
    assert read(tmp_path) == Guardrails(None, None, None, 0)


def test_each_is_read_exactly(tmp_path: Path) -> None:
    said = read(
        tmp_path,
        "guardrails:",
        "  max_changes: 20",
        "  max_changes_percent: 33.3",
        "  max_decrease_percent: 0.1",
        "  minimum_change_seconds: 600",
    )
    assert said == Guardrails(20, Decimal("33.3"), Decimal("0.1"), 600)


@pytest.mark.parametrize("line", ["max_changes: 0", "max_changes_percent: 0", "max_decrease_percent: 100"])
def test_the_ends_of_their_ranges_are_allowed(tmp_path: Path, line: str) -> None:
    read(tmp_path, "guardrails:", f"  {line}")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("max_changes: -1", "below 0"),
        ("max_changes: 2.5", "max_changes"),
        ("max_changes: '5'", "quoted"),
        ("max_changes: yes", "true or false"),
        ("max_changes_percent: 100.1", "above 100"),
        ("max_changes_percent: -1", "below 0"),
        ("max_decrease_percent: 50%", "50"),
        ("max_decrease_percent: 1e1", "decimal"),
        ("minimum_change_seconds: 1h", "minimum_change_seconds"),
        ("minimum_change_seconds:", "empty"),
        ("max_change: 5", "max_change"),
    ],
)
def test_anything_else_is_named_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        read(tmp_path, "guardrails:", f"  {line}")
    assert "config.yaml:5:" in str(refused.value)


def test_a_list_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="guardrails"):
        read(tmp_path, "guardrails: [5]")
