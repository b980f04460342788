"""Reaching the account: the client, the config file, and the snapshot of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from qauvern.balance import daily_usage_needed_since, window_start
from qauvern.cli import _say
from qauvern.cli._options import GlobalOptions
from qauvern.model import Crn, Settings, Snapshot

if TYPE_CHECKING:
    from qauvern import cloud


@dataclass(frozen=True)
class Reached:
    """An account within reach. `sandbox_account` is the sandbox's account id and plan where it is the sandbox."""

    client: cloud.Cloud
    sandbox_account: tuple[str, str] | None = None


@contextmanager
def reach(api_key: str | None) -> Iterator[Reached]:
    """Connects to the account that the global options and the environment name, or to the sandbox."""
    options = click.get_current_context().ensure_object(GlobalOptions)
    if options.sandbox:
        from qauvern.cli._sandboxed import running_sandbox

        with running_sandbox() as sandbox, _connected(sandbox.environment, None, options) as client:
            yield Reached(client, (sandbox.account_id, sandbox.plan))
        return
    if api_key is not None and not api_key.startswith("@"):
        _say.warning(
            "a key on the command line shows in the process list; IBMCLOUD_API_KEY or --api-key @FILE does not."
        )
    with _connected(options.environment, api_key, options) as client:
        yield Reached(client)


@contextmanager
def _connected(environment: Mapping[str, str], api_key: str | None, options: GlobalOptions) -> Iterator[cloud.Cloud]:
    from qauvern import cloud

    endpoints = cloud.Endpoints.from_environment(environment, staging=options.staging)
    key = cloud.resolve_api_key(api_key, environment)
    timeout = cloud.timeout_from_environment(environment)
    with cloud.connect(
        endpoints,
        key,
        concurrency=options.concurrency,
        timeout_seconds=timeout,
        observer=_say.request if options.verbose else None,
    ) as client:
        try:
            yield client
        finally:
            if options.verbose:
                _say.requests_total(client.statistics)


def load_settings(config_path: Path) -> Settings:
    """The config file in use, checked before any request."""
    from qauvern.config import load, name_warnings

    settings = load(config_in_use(config_path))
    for warning in name_warnings(settings):
        _say.warning(warning)
    return settings


def config_in_use(config_path: Path) -> Path:
    """The config file that a command works on: with --sandbox the sandbox's own, unless --config names one."""
    context = click.get_current_context()
    if not context.ensure_object(GlobalOptions).sandbox:
        return config_path
    from qauvern.cli._sandboxed import sandbox_config

    if context.get_parameter_source("config_path") is ParameterSource.COMMANDLINE:
        return config_path
    return sandbox_config()


def now() -> datetime:
    """The moment a command looks at the account, in UTC."""
    return datetime.now(timezone.utc)


def take_snapshot(
    client: cloud.Cloud,
    settings: Settings,
    moment: datetime,
    *,
    today: date | None = None,
    daily_for_all: bool = False,
    limits_since: date | None = None,
) -> Snapshot:
    """The account as far as the settings need it; warns of names that differ between config and account.

    `today` is the day that net grants are looked at for, if not that of `moment`. Daily usage is read where net
    grants need it, or `daily_for_all` over the window; with `limits_since` as far back as the limit of each day from
    then on, and the usage in its window, take it.
    """
    from qauvern.config import config_name

    since = _daily_since(settings, today or moment.date(), limits_since)
    if daily_for_all:
        first_day = window_start(moment.date())
        since = {each.crn: min(first_day, since.get(each.crn, first_day)) for each in settings.instances}
    with _say.progress("Reading the account") as progress:
        snapshot = client.take_snapshot(settings, now=moment, daily_since=since, progress=progress)
    for configured in settings.instances:
        live = snapshot.instances.get(configured.crn)
        if live is not None and configured.name not in (live.name, config_name(live.name, live.crn)):
            _say.warning(
                f"{configured.name} is called {live.name!r} in the account now ({configured.crn}); "
                "qauvern update takes that name over."
            )
    return snapshot


def _daily_since(settings: Settings, today: date, limits_since: date | None = None) -> dict[Crn, date]:
    """From which day on each instance's net grants need its daily usage: for today, or each day from `limits_since`."""
    first = today if limits_since is None else limits_since
    days = [first + timedelta(days=offset) for offset in range((today - first).days + 1)]
    since: dict[Crn, date] = {}
    for configured in settings.instances:
        needed = [daily_usage_needed_since(configured.net_grants, day) for day in days]
        if limits_since is not None and configured.net_grants:
            needed.append(window_start(limits_since))
        known = [day for day in needed if day is not None]
        if known:
            since[configured.crn] = min(known)
    return since
