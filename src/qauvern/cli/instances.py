"""instances: the configured instances without admin rights, the next in the queue first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qauvern.cli import _command, _say, _shell
from qauvern.cli._options import api_key_option, config_option, format_option

if TYPE_CHECKING:
    from pathlib import Path


@_command.named("instances")
@config_option
@api_key_option
@format_option
def command(config_path: Path, api_key: str | None, output_format: str) -> None:
    """Show the configured instances by fairness, with totals. Needs no admin rights.

    IBM's queue serves the instance with the lowest fairness next: it comes first.
    """
    from qauvern.actions.show import show_instances
    from qauvern.render import documents, views
    from qauvern.render import instances as render

    settings = _shell.settings(config_path)
    seen = show_instances(_shell.account(api_key), settings)
    rows = views.by_fairness(views.instance_views(settings, seen.instances.values(), seen.usage))
    if output_format == "json":
        _say.json_data(documents.instances_document(settings, rows))
    elif output_format == "csv":
        _say.csv_data(documents.instance_rows(rows), documents.INSTANCE_COLUMNS)
    else:
        _say.table_data(render.instances_table(rows, width=_say.output_width()))
        _say.paragraphs(render.state_notes(rows))
    for view in rows:
        if view.live is None:
            _say.warning(f"{view.configured.name} ({view.configured.crn}) is not among the instances this key sees.")
