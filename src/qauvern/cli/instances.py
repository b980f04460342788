"""instances: the configured instances without admin rights, the next in the queue first."""

from __future__ import annotations

from pathlib import Path

from qauvern.cli import _account, _command, _say
from qauvern.cli._options import api_key_option, config_option, format_option
from qauvern.model import Usage
from qauvern.render.instances import (
    by_fairness,
    instance_rows,
    instance_views,
    instances_document,
    instances_table,
    state_notes,
)


@_command.named("instances")
@config_option
@api_key_option
@format_option
def command(config_path: Path, api_key: str | None, output_format: str) -> None:
    """Show the configured instances by fairness, with totals. Needs no admin rights.

    IBM's queue serves the instance with the lowest fairness next: it comes first.
    """
    settings = _account.load_settings(config_path)
    with _account.reach(api_key) as reached, _say.progress("Reading the account") as progress:
        seen = reached.client.read_instances_view(settings, now=_account.now(), progress=progress)
    usage = {crn: Usage(consumed_ms) for crn, consumed_ms in seen.consumed_ms.items()}
    views = by_fairness(instance_views(settings, seen.instances.values(), usage))
    if output_format == "json":
        _say.json_data(instances_document(settings, views))
    elif output_format == "csv":
        _say.csv_data(instance_rows(views))
    else:
        _say.table_data(instances_table(views, width=_say.output_width()))
        _say.paragraphs(state_notes(views))
    for view in views:
        if view.live is None:
            _say.warning(f"{view.configured.name} ({view.configured.crn}) is not among the instances this key sees.")
