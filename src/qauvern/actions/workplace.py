"""Where an action works, and whom it tells while it does: the one place that knows the environment and the clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qauvern.errors import Notice

if TYPE_CHECKING:
    from qauvern.cloud import RequestEvent, Statistics

STATE_VARIABLE: Final = "QAUVERN_STATE_DIR"
DEFAULT_CONFIG: Final = Path("config.yaml")

Progress = Callable[[int, int], None]
"""Called with how much has been done, and how much there is to do as far as is known."""


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(timezone.utc)


def state_folder(environ: Mapping[str, str]) -> Path:
    """QAUVERN_STATE_DIR, else $XDG_STATE_HOME/qauvern, else ~/.local/state/qauvern."""
    if environ.get(STATE_VARIABLE):
        return Path(environ[STATE_VARIABLE])
    base = environ.get("XDG_STATE_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "state") / "qauvern"


def _hear_nothing(_told: object) -> None:
    """For those who want to be told nothing."""


@contextmanager
def _count_nothing(_doing: str) -> Iterator[Progress]:
    yield lambda _done, _total: None


@dataclass(frozen=True)
class Workplace:
    """Where an action works: against which endpoints or the sandbox, with which environment, by which clock.

    `warn` and `note` are told what a person should know, the second what is no more than a remark. `progress` makes a
    counter for a piece of work, which it is told in words. `on_request` is called after each attempt at a request, from
    any thread, `on_close` with what was sent in all.
    """

    sandbox: bool = False
    staging: bool = False
    concurrency: int = 16
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    now: Callable[[], datetime] = lambda: utc_now()  # looked up late, so that a test can set the clock
    warn: Callable[[Notice], None] = _hear_nothing
    note: Callable[[Notice], None] = _hear_nothing
    progress: Callable[[str], AbstractContextManager[Progress]] = _count_nothing
    on_request: Callable[[RequestEvent], None] | None = None
    on_close: Callable[[Statistics], None] = _hear_nothing

    @property
    def sandbox_folder(self) -> Path:
        """Where the sandbox account and its config file live."""
        return state_folder(self.environ) / "sandbox"

    @property
    def sandbox_config(self) -> Path:
        """The sandbox account's own config file."""
        return self.sandbox_folder / "config.yaml"

    @property
    def journal_folder(self) -> Path:
        """Where runs are locked and journalled; the sandbox has a journal of its own."""
        return self.sandbox_folder if self.sandbox else state_folder(self.environ)
