"""instances: the configured instances without admin rights, the next in the queue first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qauvern.cli import _command, _say, _shell
from qauvern.cli._options import api_key_option, config_option, format_option
from qauvern.cli._selection import LISTED, Wanted, selection_options, unit_option

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.units import TimeUnit


@_command.named("instances")
@config_option
@api_key_option
@selection_options(*LISTED)
@unit_option
@format_option
def command(config_path: Path, api_key: str | None, wanted: Wanted, unit: TimeUnit, output_format: str) -> None:
    """Show the configured instances by fairness, with totals. Needs no admin rights.

    IBM's queue serves the instance with the lowest fairness next: it comes first.
    """
    from qauvern import figures
    from qauvern.actions.select import selected_live, selection_of
    from qauvern.actions.show import show_instances
    from qauvern.render import documents, views
    from qauvern.render import instances as render

    view = wanted.view(figures.SHOWN_INSTANCE)
    settings = _shell.settings(config_path)
    account = _shell.account(api_key)
    selection = selection_of(account, settings, wanted.only, wanted.exclude, with_proposal=False)
    seen = show_instances(account, settings)
    listing = view.listing(
        views.by_fairness(views.instance_views(settings, seen.instances.values(), seen.usage)),
        chosen=selected_live(selection, settings, seen.instances, seen.usage),
    )
    if output_format == "json":
        _say.json_data(documents.instances_document(settings, listing))
    elif output_format == "csv":
        _say.csv_data(documents.instance_rows(listing.rows), documents.INSTANCE_COLUMNS)
    else:
        with _say.paging():
            _say.table_data(render.instances_table(listing, width=_say.output_width(), unit=unit))
            _say.paragraphs(render.state_notes(listing.rows))
    for each in listing.rows:
        if each.live is None:
            _say.warning(f"{each.configured.name} ({each.configured.crn}) is not among the instances this key sees.")
