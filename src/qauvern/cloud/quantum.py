"""The Quantum API: the plan's budget, and who used how much of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timezone
from functools import lru_cache
from typing import Any, Final

from dateutil.parser import isoparse

from qauvern.cloud import parsing
from qauvern.cloud.attempt import Request
from qauvern.cloud.endpoints import HOME_REGION, Endpoints
from qauvern.cloud.errors import NoSuchPlan
from qauvern.cloud.parsing import MAX_SECONDS, BadBody
from qauvern.cloud.resource_controller import PLAN_IDS
from qauvern.cloud.transport import MAX_STREAM_BYTES, Tokens, Transport
from qauvern.model import Account, BillingPlan, Crn
from qauvern.units import MS_PER_SECOND, ms_from_seconds

API_VERSION: Final = "2026-02-15"
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

    def account(self, account_id: str, plan: BillingPlan) -> Account:
        """The plan's budget, added up over all its subscriptions. Takes administrator rights.

        Raises:
            NoSuchPlan: the account has no subscription to the plan.
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
        account = self._transport.read(
            request, lambda chunks: _parse_account(chunks, account_id, plan), tokens=self._tokens
        )
        if account is None:
            raise NoSuchPlan(f"Could not {request.asked}: the account has no subscription to it.")
        return account

    def consumed_ms(self, crn: Crn, described: str) -> int:
        """The official 28-day usage of one instance, in milliseconds. `described` is what messages call it.

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
        return self._transport.read(request, _parse_consumed, tokens=self._tokens)

    def usage_by_instance(
        self, base_url: str, account_id: str, plan: BillingPlan, start: datetime, end: datetime
    ) -> dict[str, int]:
        """What each instance of a region used in [start, end), in milliseconds by CRN. Takes administrator rights.

        Instances that used nothing are absent.

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
        return self._transport.read(request, _parse_grouped, tokens=self._tokens, max_bytes=MAX_STREAM_BYTES)

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
        return self._transport.read(
            request,
            lambda chunks: _parse_daily(chunks, since, now.astimezone(timezone.utc).date()),
            tokens=self._tokens,
            max_bytes=MAX_STREAM_BYTES,
        )

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


def _parse_account(chunks: Iterable[bytes], account_id: str, plan: BillingPlan) -> Account | None:
    answer = parsing.an_object(parsing.document(chunks), "it")
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
        return None
    if budgets and without_budget:
        raise BadBody("one of the subscriptions has no usage_allocation_seconds, so their sum is not known")
    return Account(
        account_id=account_id,
        plan=plan,
        budget_seconds=sum(budgets) if budgets else None,
        unallocated_seconds=sum(unallocated),
        limit_seconds=sum(limits) if limits else None,
    )


def _parse_consumed(chunks: Iterable[bytes]) -> int:
    answer = parsing.an_object(parsing.document(chunks), "it")
    return ms_from_seconds(parsing.a_figure(answer.get("usage_consumed_seconds"), "usage_consumed_seconds"))


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
        day = _utc_date(parsing.a_text(row.get("interval_start"), f"interval_start of a row of {crn}"))
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
def _utc_date(text: str) -> date:
    """The UTC date of an ISO 8601 time; one without an offset is in UTC."""
    try:
        if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        moment = isoparse(text)
        return (moment if moment.tzinfo is None else moment.astimezone(timezone.utc)).date()
    except (ValueError, OverflowError):
        raise BadBody(f"interval_start of a row is {parsing.shown(text)}, which is not a time") from None
