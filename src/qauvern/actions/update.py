"""update: reconciles the config file with the live account, keeping comments, order and quoting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qauvern.actions.account import Account, config_in_use, load_settings
from qauvern.balance import day_without_effect, grants_without_effect
from qauvern.errors import Notice, QauvernError, Remedy
from qauvern.files import copy_atomically, write_text_atomically
from qauvern.model import Settings

if TYPE_CHECKING:
    from qauvern.config import Reconciliation


@dataclass(frozen=True, slots=True)
class Update:
    """What an update comes to: each thing that it does or keeps in words, and the file's text before and after."""

    path: Path
    remarks: tuple[str, ...]
    old: str
    new: str
    is_written: bool = False

    @property
    def backup(self) -> Path:
        """Where the old file stays."""
        return backup_of(self.path)

    @property
    def is_up_to_date(self) -> bool:
        return self.old == self.new


def update(
    account: Account,
    path: Path | None = None,
    *,
    review: Callable[[Update], bool],
    region: str | None = None,
    add: bool = True,
    remove: bool = True,
    rename: bool = True,
    fill_limits: bool = True,
    drop_grants: bool = True,
) -> Update:
    """Rewrites the config file in use where it differs from the live account, once `review` agrees.

    Args:
        path: the config file; None as in `load_settings`.
        review: is shown the update, also one that changes nothing; True agrees to have it written.
        region: only the entries of this region.
        add, remove: new instances; archived and missing ones.
        rename, fill_limits: by the live names; limits that the file lacks by the live ones.
        drop_grants: net grants that can change no limit any more.

    Raises:
        ConfigError, CannotEdit, CloudError: the file or the account cannot be read, or the file cannot be edited.
        QauvernError: the file was changed by others meanwhile, or cannot be kept or written.
    """
    from qauvern.config import Steps, edit_config, reconcile

    workplace = account.workplace
    settings = load_settings(workplace, path)
    path = config_in_use(workplace, path)
    today = workplace.now().date()
    with account:
        live = account.client.list_instances(settings.plan)
    changes = reconcile(
        settings,
        live,
        region=region,
        steps=Steps(add, remove, rename, fill_limits, drop_grants),
        grants_without_effect={
            each.crn: grants_without_effect(each.net_grants, today) for each in settings.instances if each.net_grants
        },
    )
    regions = {each.crn.region for each in settings.instances} | {each.crn.region for each in live}
    if region is not None and region not in regions:
        workplace.warn(Notice(f"neither the config file nor the account has an instance in {region}."))
    old = read_config_text(path)
    new = old if changes.is_empty else edit_config(old, path, settings, changes)
    made = Update(path, tuple(_remarks(settings, changes, today, region)), old, new)
    if not review(made) or made.is_up_to_date:
        return made
    replace_config(made.path, made.old, made.new)
    return replace(made, is_written=True)


def _remarks(settings: Settings, changes: Reconciliation, today: date, region: str | None) -> Iterator[str]:
    names = {each.crn: each.name for each in settings.instances}
    in_no_group = ", in no group" if settings.groups else ""
    for added in changes.added:
        yield f"Adds {added.name} ({added.crn}){in_no_group}."
    for crn, why in changes.removed.items():
        yield f"Removes {names[crn]} ({crn}): {why.value}."
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


def read_config_text(path: Path) -> str:
    """The config file's text with its line breaks as they are.

    Raises:
        QauvernError: it cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise QauvernError(f"{path} cannot be read again: {error}. Nothing was written.") from error


def replace_config(path: Path, old: str, new: str) -> None:
    """Puts the new text in place of the old one, which stays beside it as FILE.bak.

    Raises:
        QauvernError: the file was changed by others meanwhile, or cannot be kept or written.
    """
    if read_config_text(path) != old:
        raise QauvernError(f"{path} was changed in the meantime, and stays as it is now.", remedy=Remedy.RUN_AGAIN)
    backup = backup_of(path)
    try:
        copy_atomically(path, backup)
    except OSError as error:
        raise QauvernError(
            f"{backup} cannot be written ({error.strerror or error}), so {path} stays as it is."
        ) from error
    write_text_atomically(path, new)


def backup_of(path: Path) -> Path:
    """Where the old config file stays."""
    return path.with_name(path.name + ".bak")
