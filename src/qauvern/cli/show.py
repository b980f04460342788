"""show: the account and its configured instances, with fairness."""

from __future__ import annotations

from pathlib import Path

from qauvern.balance import held_by_unconfigured, is_over_budget
from qauvern.cli import _account, _command, _say
from qauvern.cli._options import api_key_option, config_option, daily_option, format_option
from qauvern.model import Snapshot
from qauvern.render.instances import (
    account_summary,
    instance_rows,
    instance_views,
    instances_table,
    picture_rows,
    show_document,
    state_notes,
)
from qauvern.render.pictures import picture_columns, picture_notes


@_command.named("show")
@config_option
@api_key_option
@daily_option
@format_option
def command(config_path: Path, api_key: str | None, daily: bool | None, output_format: str) -> None:
    """Show the account and its configured instances. Needs admin rights."""
    settings = _account.load_settings(config_path)
    with_pictures = _say.wants_pictures(daily, len(settings.instances), output_format)
    with _account.reach(api_key) as reached:
        snapshot = _account.take_snapshot(reached.client, settings, _account.now(), daily_for_all=with_pictures)
    unconfigured_held = held_by_unconfigured(snapshot, settings)
    if output_format == "json":
        _say.json_data(show_document(snapshot, settings, unconfigured_held=unconfigured_held))
    elif output_format == "csv":
        _say.csv_data(instance_rows(instance_views(settings, snapshot.instances.values(), snapshot.usage)))
    else:
        _say.data(account_summary(snapshot, settings, unconfigured_held=unconfigured_held) + "\n")
        views = instance_views(settings, snapshot.instances.values(), snapshot.usage)
        pictures = (
            picture_columns(picture_rows(views), snapshot.taken_at.date(), unicode=_say.prints_unicode())
            if with_pictures
            else []
        )
        table = instances_table(views, width=_say.output_width(), pictures=pictures)
        _say.table_data(table)
        _say.paragraphs(
            state_notes(views, over_budget=is_over_budget(snapshot)), picture_notes(pictures, table.dropped)
        )
    _warn(snapshot)
    _say.next_step(f"{_say.command_line('analyze')} shows the new allocations that this usage leads to.")


def _warn(snapshot: Snapshot) -> None:
    if is_over_budget(snapshot):
        _say.warning("the plan has used its whole budget of the last 28 days; allocations will follow usage.")
