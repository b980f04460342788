"""What the shell completes behind a command: names from the config file, runs from the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem


def instance_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The configured instances whose name or CRN begins so; none where the config file cannot be read."""
    from click.shell_completion import CompletionItem

    from qauvern.actions.account import load_settings
    from qauvern.actions.workplace import Workplace
    from qauvern.errors import QauvernError

    try:
        settings = load_settings(Workplace(), _config_path(ctx))
    except QauvernError:
        return []
    return [
        CompletionItem(name, help=str(each.crn))
        for each in settings.instances
        for name in (each.name, str(each.crn))
        if name.startswith(incomplete) and (incomplete or name == each.name)
    ]


def _config_path(ctx: click.Context) -> Path:
    """The config file that the command would use; the sandbox's own is not made just for this."""
    from pathlib import Path

    if _is_sandbox(ctx) and ctx.get_parameter_source("config_path") is not ParameterSource.COMMANDLINE:
        from qauvern.actions.workplace import Workplace

        return Workplace().sandbox_config
    return Path(ctx.params.get("config_path") or "config.yaml")


def _is_sandbox(ctx: click.Context) -> bool:
    return any(each.params.get("sandbox") for each in (ctx, ctx.find_root()))


def run_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The journalled runs whose id begins so, the last one first."""
    from click.shell_completion import CompletionItem

    from qauvern.actions.history import history
    from qauvern.actions.workplace import Workplace

    runs = history(Workplace(sandbox=_is_sandbox(ctx)))
    return [
        CompletionItem(run.run_id, help=f"{run.started_at:%Y-%m-%d %H:%M} {run.ended.value}")
        for run in reversed(runs)
        if run.run_id.startswith(incomplete)
    ]
