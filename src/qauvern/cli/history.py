"""history: past applied runs, or one of them."""

from __future__ import annotations

import click

from qauvern.cli import _command, _completion, _say, _shell
from qauvern.cli._options import format_option


@_command.named("history")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=_completion.run_ids)
@format_option
def command(run_id: str | None, output_format: str) -> None:
    """Show past applied runs, oldest first, or RUN with each of its changes.

    RUN may be the beginning of a run's id.
    """
    from qauvern.actions.history import find_run, history
    from qauvern.render.runs import (
        CHANGE_COLUMNS,
        RUN_COLUMNS,
        run_details,
        run_document,
        run_summary_facts,
        run_table,
        runs_table,
    )

    place = _shell.workplace()
    runs = history(place)
    if run_id is not None:
        run = find_run(runs, run_id)
        if output_format == "json":
            _say.json_data(run_document(run, runs, with_changes=True))
        elif output_format == "csv":
            _say.csv_data(run_document(run, runs, with_changes=True)["changes"], CHANGE_COLUMNS)
        else:
            with _say.paging():
                _say.data(run_summary_facts(run, runs) + "\n")
                _say.table_data(run_table(run, width=_say.output_width()))
            _say.paragraphs(run_details(run))
    elif output_format == "json":
        _say.json_data({"runs": [run_document(run, runs, with_changes=False) for run in runs]})
    elif output_format == "csv":
        _say.csv_data([run_document(run, runs, with_changes=False) for run in runs], RUN_COLUMNS)
    elif runs:
        with _say.paging():
            _say.table_data(runs_table(runs, width=_say.output_width()))
        _say.next_step(
            f"{_say.command_line('history', 'RUN')} shows one of them; {_say.command_line('undo', 'RUN')} undoes it."
        )
    else:
        _say.note(f"No run has been applied yet: {place.journal_folder} holds no journal.")
