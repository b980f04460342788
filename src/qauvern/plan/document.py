"""The saved plan: what is to be applied, exactly, in a form that people read and a digest protects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NoReturn

from qauvern.errors import QauvernError, Remedy
from qauvern.model import BillingPlan, Crn, LimitRule, Settings
from qauvern.plan.changes import Change, Holding

FORMAT = "qauvern plan"
VERSION = 1
_MAX_SECONDS = 10**12


class BadSavedPlan(QauvernError):
    """A saved plan that cannot be applied: damaged, of another account, or of an unknown version."""

    remedy = Remedy.SAVE_A_PLAN


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A saved plan. `config_digest` is of the settings that it was made with; `changes` are in CRN order."""

    account_id: str
    plan: BillingPlan
    endpoint_family: str
    config_digest: str
    made_at: datetime
    changes: tuple[Change, ...]


def config_digest(settings: Settings) -> str:
    """A digest of what the config file says; comments, layout and the order of instances and groups have no part in it.

    What came after 0.1.0 is left out where it is not used, and the live limit is null: plans saved by it still apply.
    """
    content = asdict(settings)
    content["instances"] = sorted(content["instances"], key=lambda instance: str(instance["crn"]))
    for instance in content["instances"]:
        if instance["group"] is None:
            del instance["group"]
        if instance["limit_seconds"] is LimitRule.LIVE:
            instance["limit_seconds"] = None
    content["groups"] = sorted(content["groups"], key=lambda group: str(group["name"]))
    if not settings.groups:
        del content["groups"]
    if settings.sharing.equal_percent == 0:
        del content["sharing"]
    return _digest(json.dumps(content, sort_keys=True, default=str))


def change_document(change: Change) -> dict[str, Any]:
    """One change as plain data."""
    return {
        "name": change.name,
        "crn": str(change.crn),
        "before": asdict(change.before),
        "after": asdict(change.after),
        "reason": change.reason,
    }


def plan_document(plan: SavedPlan) -> dict[str, Any]:
    """The saved plan as plain data, with its digest."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": plan.made_at.isoformat(),
        "account_id": plan.account_id,
        "plan": plan.plan.value,
        "endpoint_family": plan.endpoint_family,
        "config_digest": plan.config_digest,
        "changes": [change_document(change) for change in sorted(plan.changes, key=lambda change: change.crn)],
    }
    return {**content, "digest": _digest(_canonical(content))}


def plan_text(plan: SavedPlan) -> str:
    """The saved plan as the text of its file."""
    return json.dumps(plan_document(plan), indent=2, ensure_ascii=False) + "\n"


def parse_plan(text: str) -> SavedPlan:
    """The saved plan of a file's text.

    Raises:
        BadSavedPlan: it is not one, of an unknown version, or its digest does not match its content.
    """
    document = _document(text)
    if document.get("format") != FORMAT:
        _refuse("it is not a plan saved by qauvern")
    if document.get("version") != VERSION or isinstance(document.get("version"), bool):
        _refuse(f"its version is {document.get('version')!r}, and this qauvern reads version {VERSION}")
    content = {key: value for key, value in document.items() if key != "digest"}
    try:
        digest = _digest(_canonical(content))
    except (ValueError, RecursionError):
        _refuse("it is nested too deeply, or holds a number that is too long")
    if document.get("digest") != digest:
        _refuse("its digest does not match its content: it was changed or damaged after it was saved")
    return SavedPlan(
        account_id=_text(document, "account_id"),
        plan=_billing_plan(document),
        endpoint_family=_text(document, "endpoint_family"),
        config_digest=_text(document, "config_digest"),
        made_at=_moment(document),
        changes=_changes(document),
    )


def parse_change(value: object) -> Change:
    """One change from plain data.

    Raises:
        BadSavedPlan: it is none.
    """
    change = _mapping(value, "a change")
    try:
        crn = Crn(_text(change, "crn"))
    except ValueError as error:
        _refuse(str(error))
    return Change(
        name=_text(change, "name"),
        crn=crn,
        before=parse_holding(change.get("before")),
        after=parse_holding(change.get("after")),
        reason=_text(change, "reason"),
    )


def parse_holding(value: object) -> Holding:
    """What an instance holds, from plain data.

    Raises:
        BadSavedPlan: it is none.
    """
    holding = _mapping(value, "before or after")
    return Holding(_seconds(holding, "allocation_seconds"), _seconds(holding, "limit_seconds"))


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        _refuse("it is not JSON")
    return _mapping(document, "it")


def _changes(document: Mapping[str, Any]) -> tuple[Change, ...]:
    listed = document.get("changes")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        _refuse("its changes are not a list")
    changes = tuple(parse_change(each) for each in listed)
    if len({change.crn for change in changes}) < len(changes):
        _refuse("it changes an instance twice")
    for change in changes:
        if change.after.allocation_seconds == 0:
            _refuse(f"it would archive {change.name}: its new allocation is 0")
        if (change.after.allocation_seconds is None) != (change.before.allocation_seconds is None):
            _refuse(f"it would give {change.name} an allocation where there is none, or take it away")
    return changes


def _billing_plan(document: Mapping[str, Any]) -> BillingPlan:
    try:
        return BillingPlan(_text(document, "plan"))
    except ValueError:
        _refuse(f"its billing plan is {document.get('plan')!r}, which is not a known one")


def _moment(document: Mapping[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(document, "made_at"))
    except ValueError:
        _refuse("made_at is not a date")
    if moment.tzinfo is None:
        _refuse("made_at has no UTC offset")
    return moment


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        _refuse(f"{what} is not an object")
    return value


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str):
        _refuse(f"{key} is missing or not text")
    return value


def _seconds(document: Mapping[str, Any], key: str) -> int | None:
    value = document.get(key, False)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_SECONDS:
        _refuse(f"{key} is not a number of whole seconds")
    return value


def _refuse(why: str) -> NoReturn:
    raise BadSavedPlan(f"the saved plan cannot be applied: {why}. Nothing was written")


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
