"""The doors for notebooks and scripts: keyword arguments in place of the options of the command line."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qauvern.actions import account as accounts
from qauvern.actions.account import Account
from qauvern.actions.history import history as journalled
from qauvern.actions.workplace import Progress, Workplace
from qauvern.errors import Notice
from qauvern.model import Settings

if TYPE_CHECKING:
    from qauvern.apply import Run


def load_settings(
    path: str | os.PathLike[str] | None = None, *, sandbox: bool = False, environ: Mapping[str, str] | None = None
) -> Settings:
    """The config file, checked whole. Python warnings tell of equal names.

    Args:
        path: the file; None is the sandbox's own with `sandbox`, and config.yaml otherwise.
        sandbox: the config file is that of the sandbox account, unless `path` names one.
        environ: the variables to go by, None for those of the process.

    Raises:
        ConfigError: it cannot be read or is not valid. Its text has a line with file, line and column for each problem.
    """
    return accounts.load_settings(_workplace(sandbox, False, environ), None if path is None else Path(path))


def connect(
    *,
    sandbox: bool = False,
    staging: bool = False,
    api_key: str | None = None,
    environ: Mapping[str, str] | None = None,
    warn: Callable[[Notice], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Account:
    """An account, to be used in a `with` block: the connection is closed at its end.

    No request is made yet. Without a block each action connects by itself.

    Args:
        sandbox: the made-up account of this machine, served within this process; its key and endpoints are its own.
        staging: IBM Cloud's staging endpoints.
        api_key: the key, or `@FILE` that holds it; None is that of the environment.
        environ: the variables to go by (endpoints, key, state folder), None for those of the process.
        warn: told of what a person should know; None makes Python warnings of it.
        progress: called with what is being done, how much of it is done, and of how much.

    Raises:
        ValueError: both sandbox and staging.
        BadEnvironment, BadApiKey (at the start of the block): a variable or the key is not valid, or there is no key.
    """
    if sandbox and staging:
        raise ValueError("the sandbox is not IBM Cloud: sandbox and staging exclude each other")
    return Account(_workplace(sandbox, staging, environ, warn, progress), api_key)


def history(*, sandbox: bool = False, environ: Mapping[str, str] | None = None) -> list[Run]:
    """The runs that were applied from this machine, oldest first, as their journals tell them.

    Each has `.run_id`, `.started_at` (UTC), `.ended`, `.message`, `.changes` and `.seconds_moved`. The sandbox has a
    history of its own. Python warnings tell of journals that cannot be read.
    """
    return journalled(_workplace(sandbox, False, environ))


def _workplace(
    sandbox: bool,
    staging: bool,
    environ: Mapping[str, str] | None,
    warn: Callable[[Notice], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Workplace:
    def hear(notice: Notice) -> None:
        warnings.warn(str(notice), stacklevel=2)

    @contextmanager
    def counting(doing: str) -> Iterator[Progress]:
        yield lambda done, total: None if progress is None else progress(doing, done, total)

    return Workplace(
        sandbox=sandbox,
        staging=staging,
        environ=dict(os.environ if environ is None else environ),
        warn=warn or hear,
        progress=counting,
    )
