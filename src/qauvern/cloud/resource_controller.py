"""The Resource Controller: which instances there are, what each holds, and how that is changed.

The state of an instance is in its `extensions`. Its `parameters` are the last request, and are never read.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from qauvern.cloud import parsing
from qauvern.cloud.attempt import Request
from qauvern.cloud.errors import NotFound
from qauvern.cloud.parsing import BadBody
from qauvern.cloud.transport import Tokens, Transport
from qauvern.errors import Remedy
from qauvern.model import BillingPlan, Crn, Instance, LiveInstance, NewInstance, OperationState

SERVICE_ID: Final = "b6049020-80f4-11eb-a0f7-e35ec9b4054f"
PLAN_IDS: Final[Mapping[BillingPlan, str]] = {
    BillingPlan.INTERNAL: "91b2c828-2952-4f05-aed8-bedf92c6c480",
    BillingPlan.PREMIUM: "7f666d17-7893-47d8-bf9d-2b2389fc4dfc",
    BillingPlan.PAYGO: "5304b575-3cff-4455-90dc-ae4367762093",
}
UNSHARED_PLAN_IDS: Final[Mapping[str, str]] = {
    "53bde9d3-cdbb-46f5-a98f-60ebcadf7260": "flex",
    "850b21a7-71de-4e53-9441-1abdd202f35d": "open",
}
PAGE_SIZE: Final = 100
MAX_PAGES: Final = 10_000
"""A million instances: a list that goes on has no end."""
ALL_BACKENDS: Final = "ANY"
MAX_NAME_LENGTH: Final = 180

_PATH = "/v2/resource_instances"
_UPDATE = "resource-controller.instance.update"
_CREATE = "resource-controller.instance.create"
_CREATION_FAILED = "failed"
_GONE = frozenset({"removed", "pending_removal", "pending_reclamation", "reclaimed", _CREATION_FAILED})
_NOT_YET_MADE = frozenset({"provisioning", "pre_provisioning", _CREATION_FAILED})


@dataclass(frozen=True, slots=True)
class CreatedInstance:
    """What IBM answered to a creation. It may still be in the making: `operation` tells."""

    name: str
    crn: Crn
    operation: OperationState | None


def check_instance_name(name: str) -> None:
    """Checks a name before it is sent.

    Raises:
        ValueError: IBM would not take it.
    """
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise ValueError(f"an instance's name has 1 to {MAX_NAME_LENGTH} characters, not {len(name)}")
    bad = sorted({character for character in name if not (character.isalnum() or character in " -._:")})
    if bad:
        shown = " ".join(repr(character) for character in bad)
        raise ValueError(f"an instance's name has letters, digits, space and - . _ : only, and {name!r} has {shown}")


class ResourceController:
    """The Resource Controller, on behalf of one API key. Any number of threads may ask."""

    def __init__(self, transport: Transport, tokens: Tokens, base_url: str) -> None:
        self._transport = transport
        self._tokens = tokens
        self._base_url = base_url
        self._timestamps = _Timestamps()

    def pages(self, plan: BillingPlan) -> Iterator[tuple[Instance, ...]]:
        """Every instance of the plan, a page at a time; those that are gone are left out, archived ones are not.

        Raises:
            BadResponse: a page does not fit, repeats an instance, or leads nowhere.
            CloudError: see Transport.read.
        """
        seen: set[Crn] = set()
        starts: set[str] = set()
        next_params: Mapping[str, str] = {}
        number = 1
        while True:
            query = {
                "resource_id": SERVICE_ID,
                "resource_plan_id": PLAN_IDS[plan],
                "limit": str(PAGE_SIZE),
                **next_params,
            }
            request = Request(
                asked=f"list the instances of the plan {plan.value} (page {number})",
                method="GET",
                base_url=self._base_url + _PATH,
                params=tuple(query.items()),
            )
            instances, following = self._transport.read(
                request, lambda chunks: self._parse_page(chunks, plan, seen, starts), tokens=self._tokens
            )
            seen.update(instance.crn for instance in instances)
            yield instances
            if following is None:
                return
            starts.add(following["start"])
            next_params = following
            number += 1

    def _parse_page(
        self, chunks: Iterable[bytes], plan: BillingPlan, seen: set[Crn], starts: set[str]
    ) -> tuple[tuple[Instance, ...], dict[str, str] | None]:
        page = parsing.an_object(parsing.document(chunks), "it")
        instances: dict[Crn, Instance] = {}
        for number, value in enumerate(parsing.a_list(page.get("resources"), "`resources`"), start=1):
            resource = parsing.an_object(value, f"resource {number}")
            if _is_gone(resource) or resource.get("resource_plan_id", PLAN_IDS[plan]) != PLAN_IDS[plan]:
                continue
            instance = _instance(resource, f"resource {number}", plan)
            if instance.crn in seen or instance.crn in instances:
                raise BadBody(f"instance {parsing.shown(instance.name)} ({instance.crn}) is listed twice")
            instances[instance.crn] = instance
        following = self._following(page.get("next_url"))
        if following is not None and following["start"] in starts:
            raise BadBody("next_url leads back to a page already read")
        if following is not None and len(starts) >= MAX_PAGES - 1:
            raise BadBody(f"the list does not end after {MAX_PAGES:,} pages")
        return tuple(instances.values()), following

    def _following(self, next_url: Any) -> dict[str, str] | None:
        """The query of the next page; None where next_url is null. Only its query is used: no token goes elsewhere."""
        if next_url is None:
            return None
        text = parsing.a_text(next_url, "next_url")
        here = urlsplit(self._base_url + _PATH)
        try:
            there = urlsplit(urljoin(self._base_url + _PATH, text))
            elsewhere = (there.scheme, there.netloc) != (here.scheme, here.netloc)
        except ValueError:
            raise BadBody("next_url is not a URL") from None
        if elsewhere or not there.path.rstrip("/").endswith(_PATH):
            raise BadBody("next_url leads elsewhere, and is not followed")
        query = dict(parse_qsl(there.query))
        if not query.get("start"):
            raise BadBody("next_url has no `start`, so the rest of the list cannot be read")
        return query

    def read(self, crn: Crn, described: str, *, has_backends: bool = False) -> LiveInstance:
        """One instance as it is now. `described` is what messages call it.

        `has_backends`: the list showed an explicit list of backends. Where it is missing now it is not concluded that
        all may be used: a write would make that come true.

        Raises:
            NotFound: there is none, or it has been removed.
            BadResponse: the answer does not fit.
            CloudError: see Transport.read.
        """
        asked = f"read {described}"
        request = Request(asked, "GET", self._url_of(crn))
        resource, live = self._transport.read(
            request, lambda chunks: _parse_live(chunks, crn, has_backends=has_backends), tokens=self._tokens
        )
        if live is None:
            raise NotFound(
                f"Could not {asked}: it is gone, its state is {parsing.shown(resource.get('state'))}.",
                remedy=Remedy.RESTORE_INSTANCE,
            )
        return live

    def update(
        self,
        crn: Crn,
        described: str,
        allocation_seconds: int | None,
        limit_seconds: int | None,
        backends: Sequence[str] | None,
    ) -> None:
        """Asks for new values, all of them, whether or not they change (an omitted one may be wiped).

        Returning means that IBM took the request, not that it has been carried out: read back to know.

        Args:
            allocation_seconds: None stands for no allocation; 0 would archive the instance.
            limit_seconds: None stands for no limit.
            backends: an explicit list, or None where the instance may use all.

        Raises:
            WriteRefused: it definitely was not done.
            WriteOutcomeUnknown: it may have been done.
        """
        parameters: dict[str, object] = {
            "usage_allocation_seconds": _digits(allocation_seconds),
            "instance_limit_seconds": _digits(limit_seconds),
            # IBM silently ignores parameters that are identical to those of the last request.
            "timestamp": self._timestamps.unique(),
        }
        if backends is not None:
            parameters["backends"] = list(backends)
        request = Request(
            f"write {described}", "PATCH", self._url_of(crn), json={"parameters": parameters}, action=_UPDATE
        )
        self._transport.write(request, _ignore_body, tokens=self._tokens)

    def create(self, new: NewInstance) -> CreatedInstance:
        """Provisions an instance.

        Raises:
            ValueError: the name is one that IBM would not take.
            WriteRefused: it definitely was not created.
            WriteOutcomeUnknown: it may have been created: look for its name, do not send it again.
        """
        check_instance_name(new.name)
        parameters: dict[str, object] = {}
        if new.allocation_seconds is not None:
            parameters["usage_allocation_seconds"] = _digits(new.allocation_seconds)
        if new.limit_seconds is not None:
            parameters["instance_limit_seconds"] = _digits(new.limit_seconds)
        body: dict[str, object] = {
            "name": new.name,
            "target": new.region,
            "resource_group": new.resource_group,
            "resource_plan_id": PLAN_IDS[new.plan],
            "parameters": parameters,
        }
        if new.tags:
            body["tags"] = list(new.tags)
        request = Request(
            f"create the instance {new.name!r}", "POST", self._base_url + _PATH, json=body, action=_CREATE
        )
        return self._transport.write(request, lambda chunks: _parse_created(chunks, new.name), tokens=self._tokens)

    def _url_of(self, crn: Crn) -> str:
        return f"{self._base_url}{_PATH}/{quote(crn, safe='')}"


class _Timestamps:
    """ISO 8601 times in UTC of which no two are the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_us = 0

    def unique(self) -> str:
        with self._lock:
            self._last_us = max(self._last_us + 1, time.time_ns() // 1_000)
            seconds, microseconds = divmod(self._last_us, 1_000_000)
        moment = datetime.fromtimestamp(seconds, tz=timezone.utc).replace(microsecond=microseconds)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _digits(seconds: int | None) -> str | None:
    if seconds is not None and (isinstance(seconds, bool) or seconds < 0):
        raise ValueError(f"{seconds!r} is not a number of seconds")
    return None if seconds is None else str(seconds)


def _ignore_body(chunks: Iterable[bytes]) -> None:
    """Drains the body, so that the connection can be used again.

    A 2xx says that the request was taken, whatever else is in the answer or missing; what came of it is read back.
    """
    with contextlib.suppress(OSError, BadBody):
        for _ in chunks:
            pass


def _parse_live(chunks: Iterable[bytes], crn: Crn, *, has_backends: bool) -> tuple[dict[str, Any], LiveInstance | None]:
    resource = parsing.an_object(parsing.document(chunks), "it")
    # One whose creation failed is read all the same: whoever waits for it must learn that from its last operation.
    if _is_gone(resource) and _state(resource) != _CREATION_FAILED:
        return resource, None
    plan = next((plan for plan, identity in PLAN_IDS.items() if identity == resource.get("resource_plan_id")), None)
    instance = _instance(resource, "the resource", plan)
    if instance.crn != crn:
        raise BadBody(f"it is another instance, {instance.crn}")
    if has_backends and resource["extensions"].get("backends") is None:
        raise BadBody(
            f"backends of instance {parsing.shown(instance.name)} ({crn}) are missing, and the list showed some"
        )
    return resource, LiveInstance(instance, _operation(resource, instance.name))


def _parse_created(chunks: Iterable[bytes], wanted: str) -> CreatedInstance:
    resource = parsing.an_object(parsing.document(chunks), "it")
    name = parsing.a_text(resource.get("name"), "its name")
    if name.strip() != wanted.strip():
        raise BadBody(f"it is about another instance, {parsing.shown(name)}")
    return CreatedInstance(name, _crn(resource, name), _operation(resource, name))


def _state(resource: Mapping[str, Any]) -> str:
    state = resource.get("state")
    return state.lower() if isinstance(state, str) else ""


def _is_gone(resource: Mapping[str, Any]) -> bool:
    return _state(resource) in _GONE


def _instance(resource: Mapping[str, Any], what: str, plan: BillingPlan | None) -> Instance:
    name = parsing.a_text(resource.get("name"), f"the name of {what}")
    crn = _crn(resource, name)
    state = _extensions(resource, name, plan)
    of = f"of instance {parsing.shown(name)} ({crn})"
    return Instance(
        name=name,
        crn=crn,
        allocation_seconds=parsing.seconds_or_none(
            state.get("usage_allocation_seconds"), f"usage_allocation_seconds {of}"
        ),
        limit_seconds=parsing.seconds_or_none(state.get("instance_limit_seconds"), f"instance_limit_seconds {of}"),
        backends=_backends(state.get("backends"), f"backends {of}"),
        units=parsing.resource_units(state, "usage_allocation_ru", "instance_limit_ru", of),
    )


def _extensions(resource: Mapping[str, Any], name: str, plan: BillingPlan | None) -> dict[str, Any]:
    """The state of the instance.

    Where a whole state is missing, "no allocation" must not be concluded from that: writing it back would wipe the
    allocation. Pay-as-you-go has none anyway, and an instance that is not made yet has none yet.
    """
    extensions = resource.get("extensions")
    if extensions is None and (plan is BillingPlan.PAYGO or _state(resource) in _NOT_YET_MADE):
        return {}
    return parsing.an_object(extensions, f"extensions of instance {parsing.shown(name)}")


def _crn(resource: Mapping[str, Any], name: str) -> Crn:
    text = parsing.a_text(resource.get("crn", resource.get("id")), f"the CRN of instance {parsing.shown(name)}")
    try:
        return Crn(text)
    except ValueError:
        raise BadBody(f"the CRN of instance {parsing.shown(name)} is {parsing.shown(text)}, which is not one") from None


def _backends(value: Any, what: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(parsing.a_text(name, f"one of the {what}") for name in parsing.a_list(value, what))
    return None if ALL_BACKENDS in names else names


def _operation(resource: Mapping[str, Any], name: str) -> OperationState | None:
    value = resource.get("last_operation")
    if value is None:
        return None
    state = parsing.an_object(value, f"last_operation of instance {parsing.shown(name)}").get("state")
    if state is None:
        return None
    text = parsing.a_text(state, f"the state of the last operation of instance {parsing.shown(name)}")
    try:
        return OperationState(re.sub(r"[ _-]+", " ", text.lower()))
    except ValueError:
        raise BadBody(
            f"the state of the last operation of instance {parsing.shown(name)} is {parsing.shown(text)}"
        ) from None
