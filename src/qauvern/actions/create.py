"""create: provisions a service instance, once, and journals it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qauvern.actions.account import Account, config_in_use, load_settings
from qauvern.actions.update import read_config_text, replace_config
from qauvern.actions.workplace import Workplace
from qauvern.apply import Ending, Journal, JournalError, RunHeader
from qauvern.errors import Notice, QauvernError, Remedy, WriteRefused
from qauvern.model import Crn, Instance, InstanceSettings, LimitRule, NewInstance
from qauvern.plan import Holding, refuse_resource_units

if TYPE_CHECKING:
    from qauvern.cloud import Creation


class NameTaken(QauvernError):
    """Instances of that plan have the name already."""

    remedy = Remedy.OTHER_NAME


@dataclass(frozen=True, slots=True)
class Created:
    """What came of it. `namesakes` had the name before; `run_id` and `creation` are None after a dry run."""

    namesakes: tuple[Instance, ...]
    run_id: str | None = None
    creation: Creation | None = None


def check_name(name: str) -> None:
    """Raises ValueError where IBM would not take the name."""
    from qauvern.cloud import check_instance_name

    check_instance_name(name)


def create(
    account: Account, new: NewInstance, *, dry_run: bool = False, allow_duplicate_name: bool = False, message: str = ""
) -> Created:
    """Provisions an instance and waits until it is there. One whose answer was lost is looked up, never sent twice.

    Raises:
        ValueError: IBM would not take the name, or an allocation or limit of 0 was asked for.
        NameTaken: an instance of the plan, archived or not, has that name.
        CountedInUnits: the account counts in resource units.
        JournalError: the journal cannot be written; nothing was sent.
        WriteRefused: it was not created.
        WriteOutcomeUnknown: it may have been created, but is not to be seen.
        CreationFailed: IBM took the request, but the creation failed.
    """
    check_name(new.name)
    if 0 in (new.allocation_seconds, new.limit_seconds):
        raise ValueError("an allocation of 0 archives an instance, and with a limit of 0 it runs nothing")
    with account:
        listed = account.client.list_instances(new.plan)
        refuse_resource_units({each.crn: each for each in listed}, {})
        before = tuple(each for each in listed if each.name == new.name)
        if before and not allow_duplicate_name:
            archived = ", archived" if before[0].is_archived else ""
            more = f" and {len(before) - 1} more" if len(before) > 1 else ""
            raise NameTaken(
                f"the name {new.name!r} is taken: {before[0].crn}{archived}{more}. Nothing was created.",
                crns=[each.crn for each in before],
            )
        if dry_run:
            return Created(before)
        run_id, creation = _journalled(account, new, before, message)
    return Created(before, run_id, creation)


def _journalled(account: Account, new: NewInstance, before: tuple[Instance, ...], message: str) -> tuple[str, Creation]:
    from qauvern.cloud import CreationFailed, create_once

    header = RunHeader(None, new.plan, account.client.endpoints.family, None, message=message, creates=new)
    journal = Journal(account.workplace.journal_folder, header)

    def end(ended: Ending, detail: str = "", actual: Holding | None = None) -> None:
        with _told(account.workplace):
            journal.end_creation(ended, actual, detail)

    def answered(crn: Crn) -> None:
        with _told(account.workplace):
            journal.created(crn)

    try:
        creation = create_once(account.client, new, before, on_answer=answered)
    except (WriteRefused, CreationFailed) as error:
        end(Ending.FAILED, str(error))
        raise
    except KeyboardInterrupt:
        end(Ending.INTERRUPTED)
        raise
    except QauvernError as error:
        end(Ending.PARTIAL, str(error))
        raise
    end(Ending.COMPLETE, actual=Holding(creation.instance.allocation_seconds, creation.instance.limit_seconds))
    return journal.run_id, creation


@contextmanager
def _told(workplace: Workplace) -> Iterator[None]:
    """The request is on its way by now: a journal that cannot be written any more is told, and no reason to stop."""
    try:
        yield
    except JournalError as error:
        workplace.warn(Notice(str(error), error.remedy, error.facts))


def add_to_config(workplace: Workplace, path: Path | None, new: NewInstance, group: str, crn: Crn | None) -> Path:
    """Adds the instance to the config file in use, in that group; the old file stays as FILE.bak. The file's path.

    Without `crn`, before the instance is there, nothing is written: this tells what would keep it from being added.

    Raises:
        ConfigError, CannotEdit: the file cannot be read or edited.
        BadEntry: it has no such group, or is of another plan.
        QauvernError: the file was changed by others meanwhile, or cannot be kept or written.
    """
    from qauvern.config import BadEntry, EntryEdit, Reconciliation, config_name, edit_config, edit_entry, parse

    settings = load_settings(workplace, path)
    path = config_in_use(workplace, path)
    if settings.plan is not new.plan:
        raise BadEntry(
            f"{path} is of the {settings.plan.value} plan, and {new.name!r} is to be of the {new.plan.value} plan."
        )
    at = crn or Crn(f"crn:v1:bluemix:public:quantum-computing:us-east:a/{settings.account_id}:new-instance::")
    limit = LimitRule.LIVE if new.limit_seconds is None else new.limit_seconds
    entry = InstanceSettings(config_name(new.name, at), at, limit, (), settings.balance_period)
    old = read_config_text(path)
    added = edit_config(old, path, settings, Reconciliation((entry,), {}, {}, {}, {}))
    text = edit_entry(added, path, parse(added.encode("utf-8"), path), at, EntryEdit(group=group))
    if crn is not None:
        replace_config(path, old, text)
    return path
