"""explain: every number of one instance, derived line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click

from qauvern.balance import Line, Proposal
from qauvern.cli import _account, _analysis, _command, _completion, _say
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import api_key_option, config_option, format_option, preview_date_option
from qauvern.errors import QauvernError
from qauvern.model import InstanceSettings, Settings
from qauvern.plan import changes_of, refusals
from qauvern.render.analysis import preview_text
from qauvern.render.explanation import explanation_document, explanation_text, wrapped


@_command.named("explain")
@click.argument("instance", shell_complete=_completion.instance_names)
@config_option
@api_key_option
@preview_date_option
@format_option
def command(
    instance: str, config_path: Path, api_key: str | None, preview_date: date | None, output_format: str
) -> int:
    """Derive every number of INSTANCE, a name or a CRN, line by line."""
    settings = _account.load_settings(config_path)
    wanted = _find(settings, instance)
    with _account.reach(api_key) as reached:
        proposal = _analysis.propose_now(reached.client, settings, preview_date=preview_date)
    line = next(line for line in proposal.lines if line.crn == wanted.crn)
    _display(proposal, line, settings, preview_date, output_format)
    return ExitStatus.DONE


def _find(settings: Settings, wanted: str) -> InstanceSettings:
    found = [each for each in settings.instances if wanted == each.crn] or [
        each for each in settings.instances if wanted in (each.name, each.crn.guid)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        crns = ", ".join(each.crn for each in found)
        raise QauvernError(f"{len(found)} instances are called {wanted!r}; name one by its CRN: {crns}.")
    raise QauvernError(f"the config file has no instance {wanted!r}. {_say.command_line('show')} lists them.")


def _display(proposal: Proposal, line: Line, settings: Settings, preview_date: date | None, output_format: str) -> None:
    refused = refusals(changes_of(proposal), settings.guardrails, len(settings.instances))
    document = explanation_document(proposal, line, refused, preview_date=preview_date)
    if output_format == "json":
        _say.json_data(document)
    elif output_format == "csv":
        _say.csv_data([{"item": item, "value": value} for item, value in _items(document)])
    else:
        width = _say.output_width()
        if preview_date is not None:
            _say.data(f"{wrapped(f'Preview: {preview_text(preview_date)}', width)}\n")
        _say.data(explanation_text(proposal, line, refused, width=width))


def _items(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The document's leaves, each with its path."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _items(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _items(each, f"{path}[{index}]")
    else:
        yield path, value
