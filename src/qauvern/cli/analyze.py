"""analyze: usage by window, the new limits and allocations, and why."""

from __future__ import annotations

from pathlib import Path

import click

from qauvern.cli import _account, _analysis, _say
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import api_key_option, config_option, format_option


@click.command("analyze")
@config_option
@api_key_option
@format_option
def command(config_path: Path, api_key: str | None, output_format: str) -> int:
    """Show usage by window and the new allocations it leads to. Writes nothing."""
    settings = _account.load_settings(config_path)
    with _account.reach(api_key) as reached:
        proposal = _analysis.propose_now(reached.client, settings)
    _analysis.display(proposal, output_format)
    if proposal.broken:
        return ExitStatus.ERROR
    _say.next_step(
        f"{_analysis.count_text(proposal)}: qauvern optimize applies them."
        if proposal.changes
        else "nothing to change: every instance holds what it should."
    )
    return ExitStatus.DONE
