"""show: the account and its configured instances, with fairness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qauvern.cli import _command, _say, _shell
from qauvern.cli._options import api_key_option, config_option, daily_option, format_option
from qauvern.cli._selection import LISTED, Wanted, selection_options, unit_option

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.units import TimeUnit


@_command.named("show")
@config_option
@api_key_option
@selection_options(*LISTED)
@unit_option
@daily_option
@format_option
def command(
    config_path: Path, api_key: str | None, wanted: Wanted, unit: TimeUnit, daily: bool | None, output_format: str
) -> None:
    """Show the account and its configured instances. Needs admin rights."""
    from qauvern import figures
    from qauvern.actions.analyze import Daily
    from qauvern.actions.select import selected_live, selection_of
    from qauvern.actions.show import show
    from qauvern.render import documents, views
    from qauvern.render import instances as render
    from qauvern.render.groups import shown_groups_table
    from qauvern.render.pictures import picture_columns, picture_notes

    view = wanted.view(figures.SHOWN_INSTANCE)
    settings = _shell.settings(config_path)
    account = _shell.account(api_key)
    selection = selection_of(account, settings, wanted.only, wanted.exclude, with_proposal=False)
    with_pictures = _say.wants_pictures(daily, len(settings.instances), output_format)
    shown = show(account, settings, daily=Daily.WINDOW if with_pictures else Daily.LIMITS)
    snapshot = shown.snapshot
    listing = view.listing(
        views.instance_views(settings, snapshot.instances.values(), snapshot.usage),
        chosen=selected_live(selection, settings, snapshot.instances, snapshot.usage),
    )
    if output_format == "json":
        _say.json_data(documents.show_document(snapshot, settings, listing))
    elif output_format == "csv":
        _say.csv_data(documents.instance_rows(listing.rows), documents.INSTANCE_COLUMNS)
    else:
        with _say.paging():
            _say.data(render.account_summary(snapshot, settings, width=_say.output_width()) + "\n")
            day = snapshot.taken_at.date()
            rows = render.picture_rows(listing.rows) if with_pictures else []
            pictures = picture_columns(rows, day, unicode=_say.prints_unicode()) if with_pictures else []
            table = render.instances_table(listing, width=_say.output_width(), unit=unit, pictures=pictures)
            _say.table_data(table)
            groups = [] if listing.selects else views.shown_groups(settings, listing.rows, with_none=True)
            if groups:
                _say.data()
                _say.table_data(shown_groups_table(groups, width=_say.output_width(), unit=unit))
            _say.paragraphs(
                render.state_notes(listing.rows, over_budget=shown.is_over_budget),
                picture_notes(pictures, table.dropped),
            )
    for notice in shown.warnings:
        _say.notice(notice)
    if shown.is_over_budget:
        _say.warning("the plan has used its whole budget of the last 28 days; allocations will follow usage.")
    _say.next_step(f"{_say.command_line('analyze')} shows the new allocations that this usage leads to.")
