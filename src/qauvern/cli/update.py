"""update: reconciles the config file with the live account, keeping comments, order and quoting."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qauvern.balance import day_without_effect, grants_without_effect
from qauvern.cli import _account, _command, _say
from qauvern.cli._options import api_key_option, config_option
from qauvern.errors import QauvernError
from qauvern.files import copy_atomically, write_text_atomically
from qauvern.model import Settings

if TYPE_CHECKING:
    from qauvern.config import Reconciliation


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
    from qauvern.config import Steps, edit_config, reconcile

    settings = _account.load_settings(config_path)
    config_path = _account.config_in_use(config_path)
    today = _account.now().date()
    with _account.reach(api_key) as reached:
        live = reached.client.list_instances(settings.plan)
    changes = reconcile(
        settings,
        live,
        region=region,
        steps=Steps(not no_add, not no_remove, not no_names, not no_limits, not no_net_grants),
        grants_without_effect={
            each.crn: grants_without_effect(each.net_grants, today) for each in settings.instances if each.net_grants
        },
    )
    if region is not None and region not in {
        crn.region for crn in (*(each.crn for each in settings.instances), *(each.crn for each in live))
    }:
        _say.warning(f"neither the config file nor the account has an instance in {region}.")
    for line in _notes(settings, changes, today, region):
        _say.note(line)
    if changes.is_empty:
        _say.note(f"{config_path} is up to date.")
        return
    old = _read(config_path)
    new = edit_config(old, config_path, settings, changes)
    _show_difference(old, new, config_path)
    if dry_run:
        _say.next_step("nothing was written: run without --dry-run to write it.")
    elif _say.confirmed(f"Write {config_path}?", yes=yes):
        _replace(config_path, old, new)
        _say.note(f"Wrote {config_path}; the old one is {_backup_of(config_path)}.")
        _say.next_step(f"{_say.command_line('analyze')} shows what this leads to.")
    else:
        _say.note("Nothing was written.")


def _notes(settings: Settings, changes: Reconciliation, today: date, region: str | None) -> Iterator[str]:
    names = {each.crn: each.name for each in settings.instances}
    for added in changes.added:
        yield f"Adds {added.name} ({added.crn})."
    for crn, why in changes.removed.items():
        yield f"Removes {names[crn]} ({crn}): {why}."
    for crn, name in changes.renamed.items():
        yield f"Renames {names[crn]} to {name} ({crn})."
    for crn, limit in changes.limits.items():
        yield f"Takes the live limit of {names[crn]} over: {limit:,} s."
    for each in settings.instances:
        if region not in (None, each.crn.region) or each.crn in changes.removed:
            continue
        dropped = changes.dropped_grants.get(each.crn, ())
        for index, grant in enumerate(each.net_grants):
            span = f"the net grant of {each.name} from {grant.start_date} to {grant.end_date}"
            if index in dropped:
                yield f"Drops {span}: it can change no limit any more."
            elif grant.end_date <= today and index not in grants_without_effect(each.net_grants, today):
                goes = day_without_effect(each.net_grants, index)
                yield f"Keeps {span}: it has ended and still counts, until {goes}."


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise QauvernError(f"{path} cannot be read again: {error}. Nothing was written.") from error


def _show_difference(old: str, new: str, path: Path) -> None:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), str(path), f"{path} (new)", n=2, lineterm="")
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        _say.data(line, color=colors.get(line[:1]))


def _replace(path: Path, old: str, new: str) -> None:
    if _read(path) != old:
        raise QauvernError(f"{path} was changed in the meantime, and stays as it is now. Run update again.")
    backup = _backup_of(path)
    try:
        copy_atomically(path, backup)
    except OSError as error:
        raise QauvernError(
            f"{backup} cannot be written ({error.strerror or error}), so {path} stays as it is."
        ) from error
    write_text_atomically(path, new)


def _backup_of(path: Path) -> Path:
    return path.with_name(path.name + ".bak")
