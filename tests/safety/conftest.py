"""The small account, and a pace that does not make tests wait."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from qauvern.apply import Pace
from qauvern.cloud import Patience
from tests.helpers.cli import Qauvern
from tests.helpers.safety import Account, small_account


def quick(operation_timeout: float) -> Pace:
    """A second of waiting for an operation passes in a fifth of it."""
    return Pace(operation_timeout=operation_timeout / 5, first_poll=0.005, retry_delay=0.005)


@pytest.fixture
def account(qauvern: Qauvern, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """As of tests.helpers.safety.small_account; what runs in-process waits for nothing longer than it must."""
    monkeypatch.setattr("qauvern.actions.apply.Pace", quick)
    monkeypatch.setattr("qauvern.cloud.transport.Patience", partial(Patience, backoff=0.005))
    with small_account(qauvern, tmp_path) as made:
        yield made
