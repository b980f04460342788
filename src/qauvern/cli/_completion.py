"""What the shell completes behind a command: names and groups from the config file, fields, runs from the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from qauvern.model import Settings


def instance_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The configured instances whose name or CRN begins so; none where the config file cannot be read."""
    settings = _settings(ctx)
    return [] if settings is None else _instances(settings, incomplete)


def terms(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The terms of a selection that begin so: states, and groups, regions and instances of the config file."""
    from click.shell_completion import CompletionItem

    from qauvern.actions.select import STATE_MEANINGS

    found = [CompletionItem(f"state:{state.value}", help=meaning) for state, meaning in STATE_MEANINGS.items()]
    settings = _settings(ctx)
    if settings is not None:
        found += [CompletionItem(f"group:{group.name}") for group in settings.groups]
        found += [
            CompletionItem(f"region:{region}") for region in sorted({each.crn.region for each in settings.instances})
        ]
    found = [item for item in found if item.value.startswith(incomplete)]
    return found if settings is None else found + _instances(settings, incomplete)


def fields(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The JSON names that the command can sort by and that begin so, each also with :desc once it is whole."""
    from click.shell_completion import CompletionItem

    from qauvern import figures
    from qauvern.render.listing import sortable

    of_proposal = ctx.command.name not in ("show", "instances")
    known = sortable(figures.ANALYZED_INSTANCE) if of_proposal else sortable(figures.SHOWN_INSTANCE)
    items = [CompletionItem(figure.name, help=figure.meaning) for figure in known]
    items += [CompletionItem(f"{figure.name}:desc") for figure in known if incomplete.startswith(figure.name)]
    return [item for item in items if item.value.startswith(incomplete)]


def _settings(ctx: click.Context) -> Settings | None:
    """The config file's content; None where it cannot be read."""
    from qauvern.actions.account import load_settings
    from qauvern.actions.workplace import Workplace
    from qauvern.errors import QauvernError

    try:
        return load_settings(Workplace(), _config_path(ctx))
    except QauvernError:
        return None


def _instances(settings: Settings, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(name, help=str(each.crn))
        for each in settings.instances
        for name in (each.name, str(each.crn))
        if name.startswith(incomplete) and (incomplete or name == each.name)
    ]


def register_bash() -> None:
    """Lets bash complete words with a colon, such as CRNs and group:NAME.

    Where a word is typed, bash takes each colon for a word of its own, and puts what it is given behind the last one.
    """
    from click.shell_completion import BashComplete, add_completion_class

    class BashWithColons(BashComplete):
        _typed_before = ""

        def get_completion_args(self) -> tuple[list[str], str]:
            words, incomplete = super().get_completion_args()
            joined: list[str] = []
            for word in [*words, incomplete]:
                if joined and (word.strip(":") == "" != word or joined[-1].endswith(":")):
                    joined[-1] += word
                else:
                    joined.append(word)
            *before, last = joined
            self._typed_before = last.removesuffix(incomplete.lstrip(":")) if last != incomplete else ""
            return before, last

        def format_completion(self, item: CompletionItem) -> str:
            value = item.value.removeprefix(self._typed_before)
            return f"{item.type},{value}"

    add_completion_class(BashWithColons)


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
