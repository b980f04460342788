"""Config file -> Settings. The sections below are the whole format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

from qauvern.config._problems import Complaints, ConfigError, Position, Problem, shown
from qauvern.config._sections import Entries, Key, Section, SubSection
from qauvern.config._tree import Items, Mapping, Node, Refused, Scalar, position_of, read_tree
from qauvern.config._values import (
    ACCOUNT_ID,
    CRN,
    GROUP,
    GROUP_NAME,
    LIMIT,
    MOMENT,
    NAME,
    PERCENT,
    PLAN,
    POSITIVE_SECONDS,
    RESERVE_BASIS,
    RESERVE_PERCENT,
    WHOLE_NUMBER,
    WHOLE_SECONDS,
    nearest,
)
from qauvern.errors import Remedy
from qauvern.model import (
    NO_GROUP,
    BalancePeriod,
    Crn,
    Group,
    Guardrails,
    InstanceSettings,
    LimitRule,
    NetGrant,
    Reserve,
    Settings,
    Sharing,
)

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
GRANT_DAYS: Final = 28
"""A net grant without an end_date ends this many days after its start."""


class _File(Section):
    noun = "the config file"

    account_id = Key(ACCOUNT_ID, required=True)
    plan = Key(PLAN, required=True)
    minimum_allocation_seconds = Key(WHOLE_SECONDS, required=True)
    allocation_reserve_percent = Key(RESERVE_PERCENT)
    allocation_reserve_basis = Key(RESERVE_BASIS)
    balance_period = Key(SubSection("start_date and end_date, indented below it"))
    sharing = Key(SubSection("equal_percent, indented below it"))
    groups = Key(Entries("a list of groups, each with name"), takes_null=True)
    guardrails = Key(SubSection("max_changes and the like, indented below it"))
    instances = Key(Entries("a list of instances, each with name and crn"), required=True)


class _Period(Section):
    noun = "balance_period"

    start_date = Key(MOMENT, required=True)
    end_date = Key(MOMENT)


class _Guardrails(Section):
    noun = "guardrails"

    max_changes = Key(WHOLE_NUMBER)
    max_changes_percent = Key(PERCENT)
    max_decrease_percent = Key(PERCENT)
    minimum_change_seconds = Key(WHOLE_SECONDS)


class _Sharing(Section):
    noun = "sharing"

    equal_percent = Key(PERCENT)


class _Group(Section):
    noun = "a group"

    name = Key(GROUP_NAME, required=True)
    share_percent = Key(PERCENT)
    limit_seconds = Key(WHOLE_SECONDS)


class _Instance(Section):
    noun = "an instance"

    name = Key(NAME, required=True)
    crn = Key(CRN, required=True)
    group = Key(GROUP)
    limit_seconds = Key(LIMIT)
    net_grants = Key(Entries("a list of net grants, each with start_date and net_grant_seconds"), takes_null=True)
    start_date = Key(MOMENT)
    end_date = Key(MOMENT)


class _Grant(Section):
    noun = "a net grant"

    start_date = Key(MOMENT, required=True)
    end_date = Key(MOMENT)
    net_grant_seconds = Key(POSITIVE_SECONDS, required=True)


def load(path: Path) -> Settings:
    """The settings of a config file.

    Raises:
        ConfigError: the file cannot be read, or something in it is not right; it holds every problem at once.
    """
    return parse(_read(path), path)


def parse(content: bytes, path: Path) -> Settings:
    """The settings of a config file's content. `path` is what the problems name.

    Raises:
        ConfigError: as of `load`.
    """
    complaints = Complaints(path)
    text = _decode(content, complaints)
    root = None if text is None else read_tree(text, complaints)
    settings = None if root is None else _settings(root, complaints)
    if settings is None or complaints:
        raise complaints.error()
    return settings


def _read(path: Path) -> bytes:
    remedy = Remedy.NAME_CONFIG
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        message, remedy = "there is no such file", Remedy.WRITE_CONFIG
    except IsADirectoryError:
        message = "is a folder, not a config file"
    except PermissionError:
        message = "you have no permission to read it"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"cannot be read ({reason})"
    raise ConfigError([Problem(path, None, None, message, remedy)])


def _decode(content: bytes, complaints: Complaints) -> str | None:
    if len(content) > MAX_FILE_BYTES:
        complaints.add(None, f"is larger than {MAX_FILE_BYTES // 1024**2} MB: is this a config file?")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `error.object` and its offsets are those of the text behind a byte order mark.
        before = error.object[: error.start].decode("utf-8")
        at = position_of(before + "?", len(before))
        complaints.add(at, f"the byte 0x{error.object[error.start]:02x} is not UTF-8: save the file as UTF-8")
        return None


def _settings(root: Node, complaints: Complaints) -> Settings | None:
    if not isinstance(root, Mapping):
        if not isinstance(root, Refused):
            complaints.add(root.at, "the file is not a mapping of keys to values: it starts with account_id: ...")
        return None
    file = _File(root, complaints)
    period = _period(file, complaints)
    guardrails = _guardrails(file, complaints)
    sharing = _sharing(file, complaints)
    groups = tuple(_groups(file, complaints))
    instances = tuple(_instances(file, period, _known_groups(file, groups), complaints))
    if file.account_id is None or file.plan is None or file.minimum_allocation_seconds is None:
        return None
    default = Reserve()
    return Settings(
        account_id=file.account_id,
        plan=file.plan,
        minimum_allocation_seconds=file.minimum_allocation_seconds,
        instances=instances,
        reserve=Reserve(
            percent=default.percent if file.allocation_reserve_percent is None else file.allocation_reserve_percent,
            basis=file.allocation_reserve_basis or default.basis,
        ),
        guardrails=guardrails,
        balance_period=period,
        groups=groups,
        sharing=sharing,
    )


def _period(file: _File, complaints: Complaints) -> BalancePeriod | None:
    if file.balance_period is None:
        return None
    section = _Period(file.balance_period, complaints)
    start, end = section.start_date, section.end_date
    if start is None:
        return None
    if end is not None and end <= start:
        message = f"end_date: is not after start_date, {_utc(start)}: write a later one"
        complaints.add(section.place_of("end_date"), message)
        return None
    return BalancePeriod(start, end)


def _guardrails(file: _File, complaints: Complaints) -> Guardrails:
    if file.guardrails is None:
        return Guardrails()
    section = _Guardrails(file.guardrails, complaints)
    return Guardrails(
        max_changes=section.max_changes,
        max_changes_percent=section.max_changes_percent,
        max_decrease_percent=section.max_decrease_percent,
        minimum_change_seconds=section.minimum_change_seconds or 0,
    )


def _sharing(file: _File, complaints: Complaints) -> Sharing:
    if file.sharing is None:
        return Sharing()
    equal_percent = _Sharing(file.sharing, complaints).equal_percent
    return Sharing() if equal_percent is None else Sharing(equal_percent)


def _groups(file: _File, complaints: Complaints) -> Iterator[Group]:
    if file.groups is None:
        return
    first_lines: dict[str, int] = {}
    given = Fraction(0)
    for node in _mappings(file.groups, "a group", "name", complaints):
        section = _Group(node, complaints)
        share = section.share_percent
        if share is not None and given <= 100 < given + Fraction(share):
            message = (
                f"share_percent: with {share:f} the shares add up to more than 100: lower them, "
                "and leave what the instances in no group are entitled to"
            )
            complaints.add(section.place_of("share_percent"), message)
        given += Fraction(share or 0)
        name, at = section.name, section.place_of("name")
        if name is None or at is None:
            continue
        if name in first_lines:
            complaints.add(
                at, f"name: the group {shown(name)} is listed already, on line {first_lines[name]}: keep one"
            )
        first_lines.setdefault(name, at.line)
        yield Group(name, share, section.limit_seconds)


def _known_groups(file: _File, groups: Sequence[Group]) -> frozenset[str] | None:
    """The names that an instance's group may have; None where the name of some group was refused."""
    listed = 0 if file.groups is None else len(file.groups.nodes)
    if listed > len(groups) or file.refused("groups"):
        return None
    return frozenset(group.name for group in groups)


def _instances(
    file: _File, period: BalancePeriod | None, known_groups: frozenset[str] | None, complaints: Complaints
) -> Iterator[InstanceSettings]:
    if file.instances is None:
        return
    first_lines: dict[Crn, int] = {}
    for node in _mappings(file.instances, "an instance", "name and crn", complaints):
        section = _Instance(node, complaints)
        crn = section.crn
        if crn is not None:
            _check_crn(crn, section.place_of("crn"), file.account_id, first_lines, complaints)
        _check_group(section, known_groups, complaints)
        own_period = _own_period(section, period, file, complaints)
        grants = tuple(_grants(section, complaints))
        if section.name is not None and crn is not None:
            limit = LimitRule.LIVE if section.limit_seconds is None else section.limit_seconds
            yield InstanceSettings(section.name, crn, limit, grants, own_period, section.group)


def _check_crn(
    crn: Crn, at: Position | None, account_id: str | None, first_lines: dict[Crn, int], complaints: Complaints
) -> None:
    if crn in first_lines:
        complaints.add(at, f"crn: this instance is listed already, on line {first_lines[crn]}: keep one")
    elif at is not None:
        first_lines[crn] = at.line
    if account_id is not None and crn.account_id != account_id:
        complaints.add(
            at,
            f"crn: the instance is of account {crn.account_id}, but account_id is {account_id}: "
            "take the instance out, or correct account_id",
        )


def _check_group(section: _Instance, known: frozenset[str] | None, complaints: Complaints) -> None:
    name = section.group
    if name is None or known is None or name in known:
        return
    near = nearest(name, sorted(known))
    if name == NO_GROUP:
        hint = "leave the key out for no group"
    elif near is not None:
        hint = f"did you mean {shown(near)}?"
    else:
        hint = "add it to groups, or leave the key out"
    complaints.add(section.place_of("group"), f"group: there is no group {shown(name)}: {hint}")


def _own_period(
    section: _Instance, period: BalancePeriod | None, file: _File, complaints: Complaints
) -> BalancePeriod | None:
    """The instance's period: its own dates, and the balance_period's for those it does not give."""
    has_start, has_end = section.has("start_date"), section.has("end_date")
    if not has_start and not has_end:
        return period
    if not has_start and period is None:
        if not file.has("balance_period"):
            message = "end_date: there is no start_date to go with it: add one here, or a balance_period"
            complaints.add(section.place_of("end_date"), message)
        return None
    inherited_start, inherited_end = (period.start_date, period.end_date) if period else (None, None)
    start = section.start_date if has_start else inherited_start
    end = section.end_date if has_end else inherited_end
    if start is None:
        return None
    if end is not None and end <= start:
        if has_end:
            of = "" if has_start else " of balance_period"
            message = f"end_date: is not after the start_date{of}, {_utc(start)}: write a later one"
        else:
            message = f"start_date: is not before the end_date of balance_period, {_utc(end)}: add an end_date here"
        complaints.add(section.place_of("end_date" if has_end else "start_date"), message)
        return None
    return BalancePeriod(start, end)


def _grants(section: _Instance, complaints: Complaints) -> Iterator[NetGrant]:
    if section.net_grants is None:
        return
    has_limit = section.has("limit_seconds") and section.limit_seconds is not LimitRule.NONE
    if section.net_grants.nodes and not has_limit:
        message = "net_grants: a net grant comes on top of a limit, and this instance has none: add limit_seconds"
        complaints.add(section.net_grants.at, message)
    for node in _mappings(section.net_grants, "a net grant", "start_date and net_grant_seconds", complaints):
        grant = _Grant(node, complaints)
        if grant.start_date is None:
            continue
        start = grant.start_date.date()
        end = _grant_end(grant, start, complaints)
        if end is not None and grant.net_grant_seconds is not None:
            yield NetGrant(start, end, grant.net_grant_seconds)


def _grant_end(grant: _Grant, start: date, complaints: Complaints) -> date | None:
    if not grant.has("end_date"):
        try:
            return start + timedelta(days=GRANT_DAYS)
        except OverflowError:
            message = f"start_date: {start} is too far ahead: write an earlier one"
            complaints.add(grant.place_of("start_date"), message)
            return None
    if grant.end_date is None:
        return None
    end = grant.end_date.date()
    if end <= start:
        complaints.add(
            grant.place_of("end_date"),
            f"end_date: the net grant could never be active: it is from {start} on and before {end}, "
            f"in whole UTC dates; write {_next_day(start)} or later",
        )
        return None
    return end


def _mappings(items: Items, noun: str, keys: str, complaints: Complaints) -> Iterator[Mapping]:
    for node in items.nodes:
        if isinstance(node, Mapping):
            yield node
        elif not isinstance(node, Refused):
            what = "empty" if isinstance(node, Scalar) and node.is_null else "not a mapping"
            complaints.add(node.at, f"this is {what}: {noun} is a mapping with {keys}")


def _next_day(day: date) -> date | str:
    return day + timedelta(days=1) if day < date.max else "an earlier start_date and this"


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
