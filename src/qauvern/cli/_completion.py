"""What the shell completes behind a command: names from the config file, runs from the journal."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem


def instance_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The configured instances whose name or CRN begins so; none where the config file cannot be read."""
    from qauvern.config import ConfigError, load

    path = ctx.params.get("config_path")
    try:
        settings = load(path if isinstance(path, Path) else Path("config.yaml"))
    except ConfigError:
        return []
    return [
        CompletionItem(name, help=str(each.crn))
        for each in settings.instances
        for name in (each.name, str(each.crn))
        if name.startswith(incomplete) and (incomplete or name == each.name)
    ]


def run_ids(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The journalled runs whose id begins so, the last one first."""
    from qauvern.apply import read_runs
    from qauvern.cli._places import state_folder

    runs, _ = read_runs(state_folder())
    return [
        CompletionItem(run.run_id, help=f"{run.started_at:%Y-%m-%d %H:%M} {run.ended}")
        for run in reversed(runs)
        if run.run_id.startswith(incomplete)
    ]
