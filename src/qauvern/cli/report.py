"""report: one self-contained HTML page about the account and the new allocations."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _say, _shell
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import FileType, api_key_option, config_option
from qauvern.cli._selection import Wanted, selection_options

if TYPE_CHECKING:
    from pathlib import Path


@_command.named("report")
@click.option(
    "--output",
    "-o",
    "output_path",
    type=FileType(),
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="The page to write, - for stdout; one that is there is replaced.",
)
@click.option(
    "--for",
    "leader",
    metavar="SELECTOR",
    help="A page for one leader: group:NAME, or an instance by name, CRN or GUID. It holds nothing about anybody else.",
)
@selection_options("only", "exclude", "sort", "top")
@config_option
@api_key_option
def command(output_path: Path, leader: str | None, wanted: Wanted, config_path: Path, api_key: str | None) -> int:
    """Write one self-contained HTML page: the account, changes and why, daily usage, fairness, limits and grants.

    With --only, --exclude or --top it is about the instances that these select, with no totals of the account.
    """
    from qauvern import figures
    from qauvern.actions.report import audience, report
    from qauvern.actions.select import selected, selection_of
    from qauvern.files import write_text_atomically

    drawing = _drawing()
    view = wanted.view(figures.ANALYZED_INSTANCE)
    if leader is not None and view.selects:
        raise click.UsageError("--for does not go with --only, --exclude or --top: it selects by itself.")
    settings = _shell.settings(config_path)
    account = _shell.account(api_key)
    reader = None if leader is None else audience(settings, leader)
    selection = selection_of(account, settings, wanted.only, wanted.exclude)
    analysis = report(account, settings)
    proposal = analysis.proposal
    only, group = (None, None) if reader is None else (reader.crns, reader.group)
    if view.selects:
        listing = view.listing(figures.by_name(proposal.lines), chosen=selected(selection, settings, proposal))
        only = frozenset(line.crn for line in listing.rows)
    page = drawing.report_page(drawing.report_of(proposal, analysis.snapshot, only, group=group))
    if str(output_path) == "-":
        _say.page_data(page)
    else:
        write_text_atomically(output_path, page)
        _say.note(f"Wrote {output_path} ({len(page.encode()) / 1_000:,.0f} kB).")
    _say.broken_invariants(proposal.broken)
    _say.next_step(
        "open it in a browser." + (f" {_say.command_line('optimize')} applies the changes." if proposal.changes else "")
    )
    return ExitStatus.ERROR if proposal.broken else ExitStatus.DONE


def _drawing() -> ModuleType:
    """What draws the page, before any request: it takes packages that the core does without."""
    from qauvern.errors import QauvernError

    try:
        from qauvern.render import report
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] == "qauvern":
            raise
        raise QauvernError(
            f"report takes a package that is not installed ({missing.name}): pip install 'qauvern[report]'."
        ) from missing
    return report
