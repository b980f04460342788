"""The Quantum API: the plan's budget, and who used how much of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timezone
from functools import lru_cache
from typing import Any, Final, TypeVar

from dateutil.parser import isoparse

from qauvern.cloud import parsing
from qauvern.cloud.attempt import Request
from qauvern.cloud.endpoints import HOME_REGION, Endpoints
from qauvern.cloud.errors import NoSuchPlan, RequestRefused, WrongAccount
from qauvern.cloud.parsing import MAX_SECONDS, BadBody
from qauvern.cloud.resource_controller import PLAN_IDS, UNSHARED_PLAN_IDS
from qauvern.cloud.transport import MAX_STREAM_BYTES, Tokens, Transport
from qauvern.model import UNSHARED_PLANS, Account, BillingPlan, Crn, Enforced, Usage
from qauvern.units import MS_PER_SECOND, ms_from_seconds

T = TypeVar("T")

API_VERSION: Final = "2026-04-15"
MAX_URL_LENGTH: Final = 6_000
"""Above this many characters a list of instances is not put into a URL."""

_READ_ANALYTICS = "quantum-computing.account-analytics-usage.read"
_MAX_MS = MAX_SECONDS * MS_PER_SECOND


class Quantum:
    """The Quantum API of all regions, on behalf of one API key. Any number of threads may ask."""

    def __init__(self, transport: Transport, tokens: Tokens, endpoints: Endpoints) -> None:
        self._transport = transport
        self._tokens = tokens
        self._endpoints = endpoints
        self._asks_by_crn = False

    def account(self, account_id: str, plan: BillingPlan) -> Account:
        """The plan's budget, added up over all its subscriptions. Takes administrator rights.

        Raises:
            NoSuchPlan: the account has no subscription to the plan.
            WrongAccount: IBM answered about another account.
            BadResponse: the answer does not fit.
            CloudError: see Transport.read.
        """
        request = Request(
            asked=f"read the {plan.value} plan of account {account_id}",
            method="GET",
            base_url=f"{self._endpoints.quantum_base(HOME_REGION)}/v1/accounts/{account_id}",
            params=(("plan_id", PLAN_IDS[plan]),),
            headers=_headers(account_id=account_id),
            action="quantum-computing.account-configuration.read",
            is_admin=True,
        )
        answered_for, account = self._transport.read(
            request, lambda chunks: _parse_account(chunks, account_id, plan), tokens=self._tokens
        )
        if answered_for != account_id:
            raise WrongAccount(
                f"Could not {request.asked}: IBM answers about another account, {parsing.shown(answered_for)}.",
                asked=request.asked,
            )
        if account is None:
            text = f"Could not {request.asked}: the account has no subscription to it."
            others = replace(request, params=())
            unshared = self._transport.read(others, _parse_unshared, tokens=self._tokens)
            reasons = "".join(f" It has one to the plan {name}, which is not shared: {why}." for name, why in unshared)
            raise NoSuchPlan(text + reasons, plans=[name for name, _ in unshared])
        return account

    def sunset(self) -> date | None:
        """When the version of the API that qauvern asks for ends; None where no end is announced.

        Raises:
            BadResponse: the answer does not fit, or does not list the version.
            CloudError: see Transport.read.
        """
        request = Request(
            asked="list the versions of the Quantum API",
            method="GET",
            base_url=f"{self._endpoints.quantum_base(HOME_REGION)}/v1/versions",
            headers={"IBM-API-Version": API_VERSION},
        )
        return self._transport.read(request, _parse_sunset, tokens=self._tokens)

    def effective_backends(self, crn: Crn, described: str) -> frozenset[str]:
        """The names of the backends that one instance may use, whatever its own list says.

        Raises:
            BadResponse: the answer does not fit.
            CloudError: see Transport.read.
        """
        request = Request(
            asked=f"list the backends of {described}",
            method="GET",
            base_url=f"{self._endpoints.quantum_base(crn.region)}/v1/backends",
            headers=_headers(crn=crn),
        )
        return self._transport.read(request, _parse_backends, tokens=self._tokens)

    def usage(self, crn: Crn, described: str) -> Usage:
        """The official usage of one instance, and what is enforced. `described` is what messages call it.

        Raises:
            BadResponse: the answer does not fit.
            CloudError: see Transport.read.
        """
        request = Request(
            asked=f"read the 28-day usage of {described}",
            method="GET",
            base_url=f"{self._endpoints.quantum_base(crn.region)}/v1/instances/usage",
            headers=_headers(crn=crn),
        )
        return self._transport.read(request, lambda chunks: _parse_usage(chunks, crn), tokens=self._tokens)

    def usage_by_instance(
        self, base_url: str, account_id: str, plan: BillingPlan, start: datetime, end: datetime, crn: Crn
    ) -> dict[str, int]:
        """What each instance of a region used in [start, end), in milliseconds by CRN. Takes administrator rights.

        Instances that used nothing are absent. `crn` is any instance of the region, to name the account by where IBM
        does not take its id.

        Raises:
            BadResponse: the answer does not fit.
            CloudError: see Transport.read.
        """
        request = Request(
            asked=f"read the usage of the {plan.value} plan by instance since {_timestamp(start)} from {base_url}",
            method="GET",
            base_url=f"{base_url}/v1/analytics/usage_grouped",
            params=_grouped(plan, start, end),
            headers=_headers(account_id=account_id),
            action=_READ_ANALYTICS,
            is_admin=True,
        )
        return self._analytics(request, _parse_grouped, crn)

    def daily_usage(
        self, base_url: str, account_id: str, plan: BillingPlan, since: Mapping[Crn, date], now: datetime
    ) -> dict[Crn, dict[date, int]]:
        """What some instances of a region used on each UTC date from theirs in `since` to now's, in milliseconds.

        One request for all: by instance while its URL stays under 6,000 characters, otherwise for the whole region,
        of which only the wanted rows are kept. Days without usage are absent; no instance is.

        Raises:
            BadResponse: the answer does not fit.
            CloudError: see Transport.read.
        """
        start = datetime.combine(min(since.values()), time(), timezone.utc)
        request = self._daily_request(base_url, account_id, plan, start, now, instances=sorted(since))
        if len(request.url) >= MAX_URL_LENGTH:
            request = self._daily_request(base_url, account_id, plan, start, now, instances=())
        today = now.astimezone(timezone.utc).date()
        return self._analytics(request, lambda chunks: _parse_daily(chunks, since, today), min(since))

    def _analytics(self, request: Request, parse: Callable[[Iterable[bytes]], T], crn: Crn) -> T:
        """Asks by account; IBM's own description knows only the CRN, so where the account is refused, by that."""
        if not self._asks_by_crn:
            try:
                return self._transport.read(request, parse, tokens=self._tokens, max_bytes=MAX_STREAM_BYTES)
            except RequestRefused as error:
                if error.status != 400:
                    raise
        request = replace(request, headers=_headers(crn=crn))
        answer = self._transport.read(request, parse, tokens=self._tokens, max_bytes=MAX_STREAM_BYTES)
        self._asks_by_crn = True
        return answer

    def _daily_request(
        self,
        base_url: str,
        account_id: str,
        plan: BillingPlan,
        start: datetime,
        end: datetime,
        instances: Sequence[Crn],
    ) -> Request:
        return Request(
            asked=f"read the daily usage of the {plan.value} plan since {start.date()} from {base_url}",
            method="GET",
            base_url=f"{base_url}/v1/analytics/usage_grouped_by_date",
            params=(*_grouped(plan, start, end), *(("instance", crn) for crn in instances)),
            headers=_headers(account_id=account_id),
            action=_READ_ANALYTICS,
            is_admin=True,
        )


def _headers(*, account_id: str | None = None, crn: Crn | None = None) -> dict[str, str]:
    scope = {"Account-Id": account_id} if account_id is not None else {"Service-CRN": str(crn)}
    return {"IBM-API-Version": API_VERSION, **scope}


def _grouped(plan: BillingPlan, start: datetime, end: datetime) -> tuple[tuple[str, str], ...]:
    return (
        ("group_by", "instance"),
        ("plan", plan.value),
        ("interval_start", _timestamp(start)),
        ("interval_end", _timestamp(end)),
    )


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- answers ---------------------------------------------------------------------------------------------------


def _parse_account(chunks: Iterable[bytes], account_id: str, plan: BillingPlan) -> tuple[str, Account | None]:
    """The id of the account that IBM answers about, and the account; None where it has no subscription to the plan."""
    answer = parsing.an_object(parsing.document(chunks), "it")
    # Of an account that it does not know IBM tells a default configuration, with another id.
    answered_for = parsing.a_text(answer.get("account_id", account_id), "account_id")
    if answered_for != account_id:
        return answered_for, None
    budgets: list[int] = []
    unallocated: list[int] = []
    limits: list[int] = []
    subscriptions: set[str] = set()
    found = without_budget = False
    for number, value in enumerate(parsing.a_list(answer.get("plans"), "`plans`"), start=1):
        row = parsing.an_object(value, f"plan {number}")
        if parsing.a_text(row.get("plan_id"), f"plan_id of plan {number}") != PLAN_IDS[plan]:
            continue
        found = True
        subscription = row.get("subscription_id")
        of = f"of subscription {parsing.shown(subscription)}"
        if isinstance(subscription, str) and subscription in subscriptions:
            raise BadBody(f"subscription {subscription!r} is listed twice, and its budget must not count twice")
        subscriptions.add(str(subscription))
        without_budget = without_budget or "usage_allocation_seconds" not in row
        budget = parsing.whole_number_or_none(row.get("usage_allocation_seconds"), f"usage_allocation_seconds {of}")
        limit = parsing.whole_number_or_none(row.get("usage_limit_seconds"), f"usage_limit_seconds {of}")
        if budget is not None:
            budgets.append(budget)
            unallocated.append(
                # Below 0 where instances hold more than the budget, which makes what the others hold count in full.
                parsing.a_whole_number(
                    row.get("unallocated_usage_seconds"),
                    f"unallocated_usage_seconds {of}",
                    lowest=-MAX_SECONDS,
                    highest=budget,
                )
            )
        if limit is not None:
            limits.append(limit)
    if not found:
        return answered_for, None
    if budgets and without_budget:
        raise BadBody("one of the subscriptions has no usage_allocation_seconds, so their sum is not known")
    return answered_for, Account(
        account_id=account_id,
        plan=plan,
        budget_seconds=sum(budgets) if budgets else None,
        unallocated_seconds=sum(unallocated),
        limit_seconds=sum(limits) if limits else None,
    )


def _parse_unshared(chunks: Iterable[bytes]) -> list[tuple[str, str]]:
    """The plans of the account that are not shared, each with the reason."""
    answer = parsing.an_object(parsing.document(chunks), "it")
    rows = [parsing.an_object(row, "a plan") for row in parsing.a_list(answer.get("plans"), "`plans`")]
    names = {UNSHARED_PLAN_IDS[row["plan_id"]] for row in rows if row.get("plan_id") in UNSHARED_PLAN_IDS}
    return [(name, UNSHARED_PLANS[name]) for name in sorted(names)]


def _parse_usage(chunks: Iterable[bytes], crn: Crn) -> Usage:
    answer = parsing.an_object(parsing.document(chunks), "it")
    if answer.get("instance_id", crn) not in (crn, crn.guid):
        raise BadBody(f"it is about another instance, {parsing.shown(answer['instance_id'])}")
    return Usage(
        consumed_ms=ms_from_seconds(parsing.a_figure(answer.get("usage_consumed_seconds"), "usage_consumed_seconds")),
        enforced=Enforced(
            parsing.seconds_or_none(answer.get("usage_allocation_seconds"), "usage_allocation_seconds"),
            parsing.seconds_or_none(answer.get("usage_limit_seconds"), "usage_limit_seconds"),
        ),
        units=parsing.resource_units(answer, "usage_consumed_ru", "usage_limit_ru", f"of {crn}"),
    )


def _parse_backends(chunks: Iterable[bytes]) -> frozenset[str]:
    answer = parsing.an_object(parsing.document(chunks), "it")
    return frozenset(
        parsing.a_text(parsing.an_object(device, "a device").get("name"), "the name of a device")
        for device in parsing.a_list(answer.get("devices"), "`devices`")
    )


def _parse_sunset(chunks: Iterable[bytes]) -> date | None:
    answer = parsing.an_object(parsing.document(chunks), "it")
    for each in parsing.a_list(answer.get("versions"), "`versions`"):
        version = {"version": each} if isinstance(each, str) else parsing.an_object(each, "a version")
        if version.get("version") == API_VERSION:
            end = version.get("sunset_date")
            return (
                None if end is None else _utc_date(parsing.a_text(end, f"sunset_date of {API_VERSION}"), "sunset_date")
            )
    raise BadBody(f"it does not list {API_VERSION}")


def _parse_grouped(chunks: Iterable[bytes]) -> dict[str, int]:
    usage: dict[str, int] = {}
    for value in parsing.data_rows(chunks):
        row = parsing.an_object(value, "a row of `data`")
        key = _key(row)
        if key is not None:
            usage[key] = usage.get(key, 0) + _usage_ms(row, key)
    return usage


def _parse_daily(chunks: Iterable[bytes], since: Mapping[Crn, date], today: date) -> dict[Crn, dict[date, int]]:
    usage: dict[Crn, dict[date, int]] = {crn: {} for crn in since}
    by_key: dict[str, Crn] = {str(crn): crn for crn in since}
    for value in parsing.data_rows(chunks):
        row = parsing.an_object(value, "a row of `data`")
        key = _key(row)
        crn = by_key.get(key) if key is not None else None
        if crn is None:
            continue
        day = _utc_date(
            parsing.a_text(row.get("interval_start"), f"interval_start of a row of {crn}"), "interval_start of a row"
        )
        spent = _usage_ms(row, crn)
        if since[crn] <= day <= today:
            usage[crn][day] = usage[crn].get(day, 0) + spent
    return usage


def _key(row: Mapping[str, Any]) -> str | None:
    """The CRN that the row is about; None where it is about no instance."""
    if "key" not in row:
        raise BadBody("a row of `data` has no `key`")
    return None if row["key"] is None else parsing.a_text(row["key"], "the key of a row")


def _usage_ms(row: Mapping[str, Any], key: str) -> int:
    return round(parsing.a_figure(row.get("usage"), f"the usage of {parsing.shown(key)}", highest=_MAX_MS))


@lru_cache(maxsize=1024)
def _utc_date(text: str, what: str) -> date:
    """The UTC date of an ISO 8601 time; one without an offset is in UTC."""
    try:
        if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        moment = isoparse(text)
        return (moment if moment.tzinfo is None else moment.astimezone(timezone.utc)).date()
    except (ValueError, OverflowError):
        raise BadBody(f"{what} is {parsing.shown(text)}, which is not a time") from None
