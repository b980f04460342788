"""update: reconciles the config file with the live account, keeping comments, order and quoting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _options, _say, _shell
from qauvern.cli._options import api_key_option, config_option
from qauvern.cli._writing import show_difference

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.actions.update import Update


@_command.named("update")
@config_option
@api_key_option
@click.option("--region", metavar="REGION", help="Only the entries of this region.")
@click.option("--dry-run", is_flag=True, help="Show the difference and stop.")
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
@click.option("--no-net-grants", is_flag=True, help="Keep net grants that can change no limit any more.")
@click.option("--no-add", is_flag=True, help="Add no new instances.")
@click.option("--no-names", is_flag=True, help="Leave names as they are.")
@click.option("--no-remove", is_flag=True, help="Keep archived and missing instances.")
@click.option("--no-limits", is_flag=True, help="Fill in no live limits.")
def command(
    config_path: Path,
    api_key: str | None,
    region: str | None,
    dry_run: bool,
    yes: bool,
    no_net_grants: bool,
    no_add: bool,
    no_names: bool,
    no_remove: bool,
    no_limits: bool,
) -> None:
    """Reconcile the config file with the live account.

    Adds new instances, removes archived and missing ones, fixes names, fills in missing limits from the live ones
    (never overwrites one), and drops net grants that can change no limit any more. The old file stays as FILE.bak.
    """
    from qauvern.actions.update import update

    def review(made: Update) -> bool:
        for remark in made.remarks:
            _say.note(remark)
        if made.is_up_to_date:
            _say.note(f"{made.path} is up to date.")
            return False
        show_difference(made.path, made.old, made.new)
        if dry_run:
            _say.next_step("nothing was written: run without --dry-run to write it.")
            return False
        agreed = _say.confirmed(f"Write {made.path}?", yes=yes)
        if not agreed:
            _say.note("Nothing was written.")
        return agreed

    made = update(
        _shell.account(api_key),
        _options.config_of(config_path),
        review=review,
        region=region,
        add=not no_add,
        remove=not no_remove,
        rename=not no_names,
        fill_limits=not no_limits,
        drop_grants=not no_net_grants,
    )
    if made.is_written:
        _say.note(f"Wrote {made.path}; the old one is {made.backup}.")
        _say.next_step(f"{_say.command_line('analyze')} shows what this leads to.")
