"""Reaching an account, or the sandbox, and the config file that goes with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from qauvern.actions.workplace import DEFAULT_CONFIG, Workplace
from qauvern.model import BillingPlan, Settings

if TYPE_CHECKING:
    from qauvern.cloud import Cloud


class Account:
    """An account. It is within reach in a `with` block; an action puts one around itself, which costs a sign-in.

    Blocks may be nested: the outermost one connects and disconnects.
    """

    def __init__(self, workplace: Workplace, api_key: str | None = None) -> None:
        """`api_key` None takes that of the environment; `@FILE` names a file that holds it."""
        self.workplace = workplace
        self.sandbox_account: tuple[str, BillingPlan] | None = None
        """The sandbox's account id and plan while it is within reach; None for other accounts."""
        self._api_key = api_key
        self._depth = 0
        self._client: Cloud | None = None
        self._connection: AbstractContextManager[Cloud] | None = None

    def __enter__(self) -> Account:
        if self._depth == 0:
            self._connection = self._connected()
            self._client = self._connection.__enter__()
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0 and self._connection is not None:
            connection, self._connection, self._client = self._connection, None, None
            connection.__exit__(kind, error, traceback)

    @property
    def client(self) -> Cloud:
        """What asks and writes.

        Raises:
            RuntimeError: outside of a `with` block.
        """
        if self._client is None:
            raise RuntimeError("the account is within reach only in a with block")
        return self._client

    def now(self) -> datetime:
        """The moment at which an action looks at the account, in UTC."""
        return self.workplace.now()

    @contextmanager
    def _connected(self) -> Iterator[Cloud]:
        from qauvern import cloud

        place = self.workplace
        with self._environment() as (environ, api_key):
            client = cloud.connect(
                cloud.Endpoints.from_environment(environ, staging=place.staging),
                cloud.resolve_api_key(api_key, environ),
                concurrency=place.concurrency,
                timeout_seconds=cloud.timeout_from_environment(environ),
                observer=place.on_request,
            )
            with client:
                try:
                    yield client
                    if place.on_request is not None:
                        for notice in client.version_notices():
                            place.warn(notice)
                finally:
                    place.on_close(client.statistics)

    @contextmanager
    def _environment(self) -> Iterator[tuple[Mapping[str, str], str | None]]:
        """The variables that name endpoints and key, and the key that was given: the sandbox ignores both."""
        if not self.workplace.sandbox:
            yield self.workplace.environ, self._api_key
            return
        from qauvern.actions.sandbox import running_sandbox

        with running_sandbox(self.workplace.sandbox_folder) as sandbox:
            self.sandbox_account = (sandbox.account_id, BillingPlan(sandbox.plan))
            try:
                yield sandbox.environment, None
            finally:
                self.sandbox_account = None


def config_in_use(workplace: Workplace, path: Path | None = None) -> Path:
    """The config file of that path; None is the sandbox's own with the sandbox, and config.yaml otherwise."""
    if path is not None:
        return path
    if not workplace.sandbox:
        return DEFAULT_CONFIG
    from qauvern.actions.sandbox import sandbox_config

    return sandbox_config(workplace)


def load_settings(workplace: Workplace, path: Path | None = None) -> Settings:
    """The config file of `config_in_use`, checked whole. Equal names, and that it lists none, are warned of.

    Raises:
        ConfigError: it cannot be read or is not valid; each problem with its line and column.
    """
    from qauvern.config import load, settings_notices

    settings = load(config_in_use(workplace, path))
    for notice in settings_notices(settings):
        workplace.warn(notice)
    return settings
