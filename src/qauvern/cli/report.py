"""report: one self-contained HTML page about the account and the new allocations."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import click

from qauvern.balance import propose, window_start
from qauvern.cli import _account, _command, _say
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import api_key_option, config_option
from qauvern.errors import QauvernError
from qauvern.files import write_text_atomically


@_command.named("report")
@click.option(
    "--output",
    "-o",
    "output_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("report.html"),
    show_default=True,
    metavar="FILE",
    help="The page to write; one that is there is replaced.",
)
@config_option
@api_key_option
def command(output_path: Path, config_path: Path, api_key: str | None) -> int:
    """Write one self-contained HTML page: the account, changes and why, daily usage, fairness, limits and grants."""
    report = _drawing()
    settings = _account.load_settings(config_path)
    with _account.reach(api_key) as reached:
        moment = _account.now()
        today = moment.date()
        snapshot = _account.take_snapshot(
            reached.client, settings, moment, daily_for_all=True, limits_since=window_start(today)
        )
    proposal = propose(snapshot, settings, today)
    page = report.report_page(report.report_of(proposal, snapshot, settings))
    write_text_atomically(output_path, page)
    _say.note(f"Wrote {output_path} ({len(page.encode()) / 1_000:,.0f} kB).")
    _say.error_lines(f"invariant {broken.number}: {broken.message}" for broken in proposal.broken)
    _say.next_step(
        "open it in a browser." + (f" {_say.command_line('optimize')} applies the changes." if proposal.changes else "")
    )
    return ExitStatus.ERROR if proposal.broken else ExitStatus.DONE


def _drawing() -> ModuleType:
    """What draws the page, before any request: it takes packages that the core does without."""
    try:
        from qauvern.render import report
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] == "qauvern":
            raise
        raise QauvernError(
            f"report takes a package that is not installed ({missing.name}): pip install 'qauvern[report]'."
        ) from missing
    return report
