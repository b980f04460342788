"""explain: every number of one instance, derived line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from qauvern.cli import _command, _completion, _say, _shell
from qauvern.cli._options import api_key_option, config_option, format_option, preview_date_option

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.actions.explain import Explained


@_command.named("explain")
@click.argument("instance", shell_complete=_completion.instance_names)
@config_option
@api_key_option
@preview_date_option
@format_option
def command(
    instance: str, config_path: Path, api_key: str | None, preview_date: date | None, output_format: str
) -> None:
    """Derive every number of INSTANCE, a name or a CRN, line by line."""
    from qauvern.actions.explain import explain

    settings = _shell.settings(config_path)
    _display(explain(_shell.account(api_key), settings, instance, preview_date=preview_date), output_format)


def _display(explained: Explained, output_format: str) -> None:
    from qauvern.render.analysis import preview_text
    from qauvern.render.explanation import explanation_document, explanation_text, wrapped

    analysis, line = explained.analysis, explained.line
    refused, preview_date = analysis.refusals, analysis.preview_date
    document = explanation_document(analysis.proposal, line, refused, preview_date=preview_date)
    if output_format == "json":
        _say.json_data(document)
    elif output_format == "csv":
        _say.csv_data([{"item": item, "value": value} for item, value in _items(document)])
    else:
        width = _say.output_width()
        if preview_date is not None:
            _say.data(f"{wrapped(f'Preview: {preview_text(preview_date)}', width)}\n")
        _say.data(explanation_text(analysis.proposal, line, refused, width=width))


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
