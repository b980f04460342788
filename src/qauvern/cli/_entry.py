"""What grant and set have in common: their options, what they show before they ask, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from qauvern.cli import _options, _say, _shell, _writing
from qauvern.cli._exit import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.actions.entry import EntryChange


def options(command: _options.Decorated) -> _options.Decorated:
    """The options of a command that edits one entry."""
    for option in reversed(
        (
            click.option("--apply", is_flag=True, help="Write the instance's new limit to the account too, at once."),
            click.option("--yes", "-y", is_flag=True, help="Write without asking."),
            click.option("--dry-run", is_flag=True, help="Show what would change and stop."),
            _writing.message_option,
            _options.config_option,
            _options.api_key_option,
            _writing.lock_timeout_option,
            _writing.operation_timeout_option,
        )
    ):
        command = option(command)
    return command


def change(
    instance: str,
    *,
    config_path: Path,
    api_key: str | None,
    apply: bool,
    yes: bool,
    dry_run: bool,
    message: str,
    lock_timeout: int,
    operation_timeout: int,
    **edit: Any,
) -> int:
    """Edits the entry, and the account if wanted; the exit status."""
    from qauvern.actions.entry import change_entry

    if message and not apply:
        raise click.UsageError(
            "--message goes with --apply: it is kept in the journal of what is written to the account."
        )
    made = change_entry(
        _shell.account(api_key),
        _options.config_of(config_path),
        instance,
        review=_review(apply=apply, yes=yes, dry_run=dry_run),
        apply=apply,
        dry_run=dry_run,
        message=message,
        lock_timeout_seconds=float(lock_timeout),
        operation_timeout_seconds=float(operation_timeout),
        on_outcome=_shell.outcome_teller(),
        **edit,
    )
    if made.is_written:
        _say.note(f"Wrote {made.path}; the old one is {made.backup}.")
    if made.run is not None:
        return _writing.report(made.run)
    if made.is_written:
        _say.next_step(f"{_say.command_line('optimize')} takes it into account.")
    return ExitStatus.DONE


def _review(*, apply: bool, yes: bool, dry_run: bool) -> Callable[[EntryChange], bool]:
    def review(made: EntryChange) -> bool:
        from qauvern.render.outcomes import change_lines

        if made.old != made.new:
            _writing.show_difference(made.path, made.old, made.new)
        if made.limit is not None:
            for line in change_lines((made.limit,)):
                _say.data(line)
        elif apply:
            _say.note(f"The limit of {made.configured.name} in the account stays as it is.")
        if made.changes_nothing:
            _say.note(f"Nothing to change: {made.path} says so already.")
            return False
        if dry_run:
            _say.next_step("nothing was written: run without --dry-run to write it.")
            return False
        agreed = _say.confirmed(_question(made), yes=yes)
        if not agreed:
            _say.note("Nothing was written.")
        return agreed

    return review


def _question(made: EntryChange) -> str:
    name = made.configured.name
    if made.limit is None:
        return f"Write {made.path}?"
    return f"Write {made.path} and the limit of {name}?" if made.old != made.new else f"Write the limit of {name}?"
