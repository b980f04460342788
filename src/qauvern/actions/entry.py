"""grant and set: one instance's entry in the config file and, if wanted, its limit in the account: nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from qauvern.actions.account import Account, config_in_use, load_settings
from qauvern.actions.analyze import Analysis, analyze
from qauvern.actions.apply import Run, find_instance, ignore_outcome, locked, write
from qauvern.actions.update import backup_of, read_config_text, replace_config
from qauvern.apply import OPERATION_TIMEOUT_SECONDS, Outcome
from qauvern.model import WINDOW_DAYS, InstanceSettings, LimitRule, NetGrant
from qauvern.plan import Change, limit_change, refuse_resource_units


@dataclass(frozen=True, slots=True)
class EntryChange:
    """What an edit of one entry comes to: the config file's text before and after, and the account's limit.

    `limit` is None where the account is not looked at, or has that limit already. `run` is what came of writing it.
    """

    path: Path
    configured: InstanceSettings
    old: str
    new: str
    limit: Change | None = None
    is_written: bool = False
    run: Run | None = None

    @property
    def backup(self) -> Path:
        """Where the old file stays."""
        return backup_of(self.path)

    @property
    def changes_nothing(self) -> bool:
        return self.old == self.new and self.limit is None


def change_entry(
    account: Account,
    path: Path | None,
    wanted: str,
    *,
    limit: int | LimitRule | None = None,
    group: str | None = None,
    grant: NetGrant | None = None,
    review: Callable[[EntryChange], bool],
    apply: bool = False,
    dry_run: bool = False,
    message: str = "",
    lock_timeout_seconds: float = 0.0,
    operation_timeout_seconds: float = OPERATION_TIMEOUT_SECONDS,
    on_outcome: Callable[[Outcome], None] = ignore_outcome,
) -> EntryChange:
    """Edits the entry of the configured instance of that name, CRN or GUID, once `review` agrees.

    Args:
        path: the config file; None as in `load_settings`.
        limit: whole seconds, or a rule. None leaves it as it is, as it does the next.
        group: the name of a group, or NO_GROUP.
        grant: one more net grant.
        review: is shown the change, also one that changes nothing; True agrees to have it written.
        apply: write the limit that follows to the account too, under the lock and journalled: first the file, then the
            account. Nothing else is written there: the allocation follows with the next run.
        message, lock_timeout_seconds, operation_timeout_seconds, on_outcome: as for `optimize`.

    Raises:
        NoSuchInstance, BadEntry, ConfigError, CannotEdit: the edit cannot be made; nothing was written.
        Locked, CloudError, UnusableInstances, CountedInUnits: as `optimize`; nothing was written.
        QauvernError: the file was changed by others meanwhile, or cannot be kept or written.
    """
    from qauvern.config import EntryEdit, edit_entry, parse

    edit = EntryEdit(limit, group, grant)
    workplace = account.workplace
    settings = load_settings(workplace, path)
    path = config_in_use(workplace, path)
    configured = find_instance(settings, wanted)
    lock = locked(workplace, settings, lock_timeout_seconds) if apply and not dry_run else nullcontext()
    with lock:
        old = read_config_text(path)
        new = edit_entry(old, path, settings, configured.crn, edit)
        made = EntryChange(path, edit.applied_to(configured), old, new)
        if not apply:
            return _file_written(made) if _agreed(made, review) and not dry_run else made
        with account:
            analysis = analyze(account, parse(new.encode("utf-8"), path))
            made = _with_limit(made, analysis)
            agreed = _agreed(made, review)
            if dry_run or not agreed:
                return made
            change = made.limit
            if change is None:
                return _file_written(made)
            refuse_resource_units(
                analysis.snapshot.instances, analysis.snapshot.usage
            )  # before the file says otherwise
            made = _file_written(made)
            run = write(
                account,
                analysis,
                (change,),
                operation_timeout_seconds=operation_timeout_seconds,
                message=message,
                on_outcome=on_outcome,
            )
            return replace(made, run=run)


def net_grant(seconds: int, start: date, end: date | None = None) -> NetGrant:
    """A net grant of so many seconds from the UTC day `start` on until, and without, `end`: by default 28 days.

    Raises:
        ValueError: it ends before it starts, or no calendar has that day.
    """
    try:
        end = start + timedelta(days=WINDOW_DAYS) if end is None else end
    except OverflowError:
        raise ValueError(f"28 days after {start} is beyond the calendar") from None
    if end <= start:
        raise ValueError(f"{end} is not after {start}, when it starts")
    return NetGrant(start, end, seconds)


def _agreed(made: EntryChange, review: Callable[[EntryChange], bool]) -> bool:
    return review(made) and not made.changes_nothing


def _with_limit(made: EntryChange, analysis: Analysis) -> EntryChange:
    line = next(line for line in analysis.proposal.lines if line.crn == made.configured.crn)
    return replace(made, limit=limit_change(line))


def _file_written(made: EntryChange) -> EntryChange:
    if made.old != made.new:
        replace_config(made.path, made.old, made.new)
    return replace(made, is_written=made.old != made.new)
