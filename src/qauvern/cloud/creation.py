"""Provisioning, sent once: a creation whose answer was lost is looked up by name, never sent twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qauvern.cloud.client import Cloud
from qauvern.cloud.errors import NotFound
from qauvern.errors import QauvernError, Remedy, WriteOutcomeUnknown
from qauvern.model import BillingPlan, Crn, Instance, LiveInstance, OperationState

_LOOKS = 5
_FIRST_PAUSE_SECONDS = 0.5
_OPERATION_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Creation:
    """A new instance. `namesakes` had its name before; `answer_was_lost` says that it was found by name."""

    instance: Instance
    is_in_progress: bool
    namesakes: tuple[Crn, ...]
    answer_was_lost: bool


def create_once(
    client: Cloud,
    name: str,
    *,
    target: str,
    resource_group: str,
    plan: BillingPlan,
    allocation_seconds: int | None,
    limit_seconds: int | None,
    tags: Sequence[str],
    sleep: Callable[[float], None] = time.sleep,
) -> Creation:
    """Provisions an instance and waits until it is there.

    Raises:
        WriteRefused: it was not created.
        WriteOutcomeUnknown: it may have been created, but is not to be seen.
        QauvernError: IBM took the request, but the creation failed.
    """
    namesakes = tuple(instance.crn for instance in client.find_by_name(plan, name))
    lost = False
    try:
        crn = client.create(
            name,
            target,
            resource_group,
            plan,
            allocation_seconds=allocation_seconds,
            limit_seconds=limit_seconds,
            tags=tags,
        ).crn
    except WriteOutcomeUnknown as unknown:
        lost, crn = True, _look_up(client, name, plan, namesakes, unknown, sleep)
    live = _await_creation(client, crn, name, sleep)
    return Creation(live.instance, live.operation is OperationState.IN_PROGRESS, namesakes, lost)


def _look_up(
    client: Cloud,
    name: str,
    plan: BillingPlan,
    namesakes: Sequence[Crn],
    unknown: WriteOutcomeUnknown,
    sleep: Callable[[float], None],
) -> Crn:
    for look in range(_LOOKS):
        new = [instance.crn for instance in client.find_by_name(plan, name) if instance.crn not in namesakes]
        if new:
            return new[0]
        if look < _LOOKS - 1:
            sleep(_FIRST_PAUSE_SECONDS * 2**look)
    raise WriteOutcomeUnknown(
        f"{unknown} No new instance called {name!r} is listed yet; it was not asked for again.",
        remedy=Remedy.LOOK_IN_CONSOLE,
    ) from unknown


def _await_creation(client: Cloud, crn: Crn, name: str, sleep: Callable[[float], None]) -> LiveInstance:
    waited, pause = 0.0, _FIRST_PAUSE_SECONDS
    while True:
        try:
            live = client.read(crn)
        except NotFound:
            if waited >= _OPERATION_TIMEOUT_SECONDS:
                raise
        else:
            if live.operation is OperationState.FAILED:
                raise QauvernError(
                    f"IBM took the request, but the creation of {name!r} ({crn}) failed: the plan may have too little "
                    "unallocated time.",
                    remedy=Remedy.LOOK_IN_CONSOLE,
                    crn=crn,
                )
            if live.operation is not OperationState.IN_PROGRESS or waited >= _OPERATION_TIMEOUT_SECONDS:
                return live
        sleep(pause)
        waited += pause
        pause = min(pause * 2, 5.0)
