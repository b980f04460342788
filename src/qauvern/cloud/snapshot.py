"""Gathers the account at one moment, in few requests and side by side.

For N configured instances: N official usage reads, the list's pages, the account, five analytics windows for each
region's base URL, and a request for each region that has daily usage to read, and for each of few balance periods.
What IBM fails to answer ends the whole: a snapshot is complete, or there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol

from qauvern.cloud.endpoints import Endpoints
from qauvern.cloud.errors import BadResponse, NotAuthorized, NotFound, WrongAccount
from qauvern.cloud.workers import Batch
from qauvern.errors import Remedy
from qauvern.model import (
    WINDOW_DAYS,
    Account,
    BillingPlan,
    Crn,
    DailyUsage,
    Instance,
    InstanceSettings,
    RecentUsage,
    Settings,
    Snapshot,
    Usage,
)

Progress = Callable[[int, int], None]
"""Called with how much has been done, and how much there is to do as far as is known."""

NO_DAILY_SINCE: Final[Mapping[Crn, date]] = MappingProxyType({})

_WINDOWS_DAYS = (1, 3, 7, 14, WINDOW_DAYS)
_PERIODS_ASKED_APART: Final = 4
"""Balance periods of a region that get a request each. Where there are more, those of whole UTC days are added up from
usage by date, which is one request for all of them."""


class Source(Protocol):
    """What a snapshot is gathered from."""

    @property
    def endpoints(self) -> Endpoints:
        """Where the services answer."""

    def batch(self, progress: Progress | None = None) -> Batch:
        """Work to be done side by side."""

    def pages(self, plan: BillingPlan) -> Iterator[tuple[Instance, ...]]:
        """Every instance of the plan, a page at a time."""

    def account(self, account_id: str, plan: BillingPlan) -> Account:
        """The plan's budget."""

    def usage(self, crn: Crn) -> Usage:
        """The official 28-day usage of one instance, and what is enforced."""

    def usage_by_instance(
        self, base_url: str, account_id: str, plan: BillingPlan, start: datetime, end: datetime, crn: Crn
    ) -> dict[str, int]:
        """What each instance of a region used in [start, end)."""

    def daily_usage(
        self, base_url: str, account_id: str, plan: BillingPlan, since: Mapping[Crn, date], now: datetime
    ) -> dict[Crn, dict[date, int]]:
        """What some instances of a region used on each UTC date."""


@dataclass(frozen=True, slots=True)
class InstancesView:
    """What can be seen without administrator rights: the listed instances, and what the configured ones consumed.

    `usage` is the official 28-day usage of the configured instances that the account lists and has not archived.
    """

    taken_at: datetime
    instances: Mapping[Crn, Instance]
    usage: Mapping[Crn, Usage]

    @property
    def consumed_ms(self) -> dict[Crn, int]:
        """The usage in milliseconds."""
        return {crn: usage.consumed_ms for crn, usage in self.usage.items()}


def take_snapshot(
    source: Source,
    settings: Settings,
    *,
    now: datetime,
    daily_since: Mapping[Crn, date] = NO_DAILY_SINCE,
    progress: Progress | None = None,
) -> Snapshot:
    """The account as it is now. Takes administrator rights.

    Args:
        now: the end of every window, with an offset.
        daily_since: the instances whose daily usage is wanted, and from which UTC date on.
        progress: called as answers come in.

    Configured instances that the account lacks are absent from the snapshot's `instances` and `usage`, archived ones
    from its `usage`: the caller stops there.

    Raises:
        WrongAccount: the API key lists instances of another account than the settings'.
        CloudError: a read failed; nothing is concluded from the others.
        ValueError: `now` has no offset.
    """
    gathering = _Gathering(source, settings, _in_utc(now), daily_since)
    try:
        with source.batch(progress) as batch:
            gathering.begin(batch)
    except (NotFound, NotAuthorized, WrongAccount):
        # The account's own answer may have come before the list that tells why.
        for page in source.pages(settings.plan):
            for instance in page:
                _refuse_another_account(instance, settings)
        raise
    return gathering.snapshot()


def read_instances_view(
    source: Source, settings: Settings, *, now: datetime, progress: Progress | None = None
) -> InstancesView:
    """The listed instances and the official usage of the configured ones. Takes no administrator rights.

    Raises:
        As take_snapshot.
    """
    listing = _Listing(source, settings)
    with source.batch(progress) as batch:
        listing.begin(batch)
    return InstancesView(_in_utc(now), listing.instances, listing.usage)


def _refuse_another_account(instance: Instance, settings: Settings) -> None:
    crn = instance.crn
    if crn.account_id != settings.account_id:
        raise WrongAccount(
            f"The API key lists instance {instance.name!r} ({crn}) of account {crn.account_id}, but the config file is "
            f"for account {settings.account_id}."
        )


class _Listing:
    """The list's pages and, as each arrives, the official usage of the configured instances on it."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self._source = source
        self._settings = settings
        self._configured = {instance.crn for instance in settings.instances}
        self.instances: dict[Crn, Instance] = {}
        self.usage: dict[Crn, Usage] = {}

    def begin(
        self,
        batch: Batch,
        on_listed: Callable[[Crn], None] | None = None,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        """Starts; on_listed is called for every listed instance, at_end after the last page."""
        batch.still_to_come = len(self._configured)

        def ended() -> None:
            batch.still_to_come = 0
            if at_end is not None:
                at_end()

        batch.start_each(partial(self._source.pages, self._settings.plan), partial(self._page, batch, on_listed), ended)

    def _page(self, batch: Batch, on_listed: Callable[[Crn], None] | None, page: Iterable[Instance]) -> None:
        for instance in page:
            crn = instance.crn
            _refuse_another_account(instance, self._settings)
            self.instances[crn] = instance
            if on_listed is not None:
                on_listed(crn)
            if crn in self._configured:
                batch.still_to_come -= 1
                if not instance.is_archived:
                    batch.start(partial(self._source.usage, crn), partial(self.usage.__setitem__, crn))


class _Gathering:
    """A snapshot in the making. Everything here runs on one thread; the workers only ask."""

    def __init__(self, source: Source, settings: Settings, now: datetime, daily_since: Mapping[Crn, date]) -> None:
        self._source = source
        self._settings = settings
        self._now = now
        self._daily_since = daily_since
        self._listing = _Listing(source, settings)
        self._account: Account | None = None
        self._asked_bases: set[str] = set()
        self._windows: dict[int, dict[str, int]] = {days: {} for days in _WINDOWS_DAYS}
        self._daily: dict[Crn, Mapping[date, int]] = {}
        self._daily_from = dict(daily_since)
        self._period_ms: dict[Crn, int] = {}
        self._periods_by_date: dict[Crn, tuple[datetime, datetime]] = {}

    def begin(self, batch: Batch) -> None:
        """Starts all that depends on nothing.

        A region that is not sure to exist is asked once an instance there is listed: a mistyped CRN should be reported
        as a missing instance, not as a host that cannot be found.
        """
        endpoints = self._source.endpoints
        sure = [one for one in self._settings.instances if endpoints.is_known_region(one.crn.region)]
        unsure = [one for one in self._settings.instances if not endpoints.is_known_region(one.crn.region)]

        def listed() -> None:
            self._ask_by_date(batch, [one for one in unsure if one.crn in self._listing.instances])

        self._listing.begin(batch, partial(self._ask_windows, batch), listed)
        batch.start(partial(self._source.account, self._settings.account_id, self._settings.plan), self._set_account)
        for one in sure:
            self._ask_windows(batch, one.crn)
        self._ask_by_date(batch, sure)

    def _set_account(self, account: Account) -> None:
        self._account = account

    def _ask_windows(self, batch: Batch, crn: Crn) -> None:
        """Asks the base URL of an instance's region for the windows, once."""
        base = self._source.endpoints.quantum_base(crn.region)
        if base in self._asked_bases:
            return
        self._asked_bases.add(base)
        for days in _WINDOWS_DAYS:
            start = self._now - timedelta(days=days)
            batch.start(partial(self._usage, base, start, self._now, crn), partial(self._merge_window, days))

    def _merge_window(self, days: int, usage: Mapping[str, int]) -> None:
        """Two regions may both tell of an instance: the larger figure holds, and nothing counts twice."""
        merged = self._windows[days]
        for key, spent in usage.items():
            merged[key] = max(spent, merged.get(key, 0))

    def _ask_by_date(self, batch: Batch, instances: Iterable[InstanceSettings]) -> None:
        """Asks for daily and period usage, once for each region, and period."""
        daily: dict[str, dict[Crn, date]] = {}
        periods: dict[tuple[str, datetime, datetime], list[Crn]] = {}
        for instance in instances:
            base = self._source.endpoints.quantum_base(instance.crn.region)
            since = self._daily_since.get(instance.crn)
            if since is not None and _starts_before(since, self._now):
                daily.setdefault(base, {})[instance.crn] = since
            if instance.period is not None:
                start = _in_utc(instance.period.start_date)
                end = min(_in_utc(instance.period.end_date or self._now), self._now)
                self._period_ms[instance.crn] = 0
                if start < end:
                    periods.setdefault((base, start, end), []).append(instance.crn)
        self._move_to_dates(periods, daily)
        for base, wanted in daily.items():
            batch.start(partial(self._daily_usage, base, wanted), self._daily.update)
        for (base, start, end), crns in periods.items():
            batch.start(partial(self._usage, base, start, end, crns[0]), partial(self._set_period, crns))

    def _move_to_dates(
        self, periods: dict[tuple[str, datetime, datetime], list[Crn]], daily: dict[str, dict[Crn, date]]
    ) -> None:
        counts = Counter(base for base, _, _ in periods)
        for base, start, end in list(periods):
            if counts[base] <= _PERIODS_ASKED_APART or not (
                _is_midnight(start) and (_is_midnight(end) or end == self._now)
            ):
                continue
            wanted = daily.setdefault(base, {})
            for crn in periods.pop((base, start, end)):
                wanted[crn] = self._daily_from[crn] = min(start.date(), wanted.get(crn, start.date()))
                self._periods_by_date[crn] = (start, end)

    def _set_period(self, crns: Iterable[Crn], usage: Mapping[str, int]) -> None:
        for crn in crns:
            self._period_ms[crn] = usage.get(crn, 0)

    def _usage(self, base_url: str, start: datetime, end: datetime, crn: Crn) -> dict[str, int]:
        settings = self._settings
        return self._source.usage_by_instance(base_url, settings.account_id, settings.plan, start, end, crn)

    def _daily_usage(self, base_url: str, since: Mapping[Crn, date]) -> dict[Crn, dict[date, int]]:
        return self._source.daily_usage(base_url, self._settings.account_id, self._settings.plan, since, self._now)

    def snapshot(self) -> Snapshot:
        """The whole, once all answers are in."""
        assert self._account is not None
        self._refuse_contradiction(self._account)
        configured = {instance.crn for instance in self._settings.instances}
        others = (spent for key, spent in self._windows[WINDOW_DAYS].items() if key not in configured)
        return Snapshot(
            taken_at=self._now,
            account=self._account,
            instances=self._listing.instances,
            usage={crn: self._usage_of(crn, official) for crn, official in self._listing.usage.items()},
            unconfigured_consumed_ms=sum(others),
        )

    def _refuse_contradiction(self, account: Account) -> None:
        """A plan that has no budget has no allocations, but for pay-as-you-go: an answer that lacks it is misread."""
        if account.budget_seconds is not None or account.plan is BillingPlan.PAYGO:
            return
        holding = [each for each in self._listing.instances.values() if each.allocation_seconds]
        if holding:
            raise BadResponse(
                f"IBM's answers contradict each other: by the account the {account.plan.value} plan has no budget, but "
                f"{len(holding)} of its instances hold an allocation, {holding[0].name!r} ({holding[0].crn}) for one. "
                "Nothing was concluded from them.",
                remedy=Remedy.TRY_LATER,
            )

    def _usage_of(self, crn: Crn, official: Usage) -> Usage:
        return replace(
            official,
            recent=RecentUsage(
                last_14d_ms=self._windows[14].get(crn, 0),
                last_7d_ms=self._windows[7].get(crn, 0),
                last_3d_ms=self._windows[3].get(crn, 0),
                last_24h_ms=self._windows[1].get(crn, 0),
            ),
            daily=DailyUsage(since, self._daily.get(crn, {})) if (since := self._daily_from.get(crn)) else None,
            period_ms=self._period_of(crn),
        )

    def _period_of(self, crn: Crn) -> int | None:
        if crn not in self._periods_by_date:
            return self._period_ms.get(crn)
        start, end = self._periods_by_date[crn]
        days = self._daily.get(crn, {})
        return sum(spent for day, spent in days.items() if start <= _midnight(day) < end)


def _in_utc(moment: datetime) -> datetime:
    """The moment in UTC, to the millisecond: what is said to IBM is what is kept."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no UTC offset")
    utc = moment.astimezone(timezone.utc)
    return utc.replace(microsecond=utc.microsecond // 1_000 * 1_000)


def _starts_before(day: date, now: datetime) -> bool:
    return _midnight(day) < now


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _is_midnight(moment: datetime) -> bool:
    return moment == _midnight(moment.date())
