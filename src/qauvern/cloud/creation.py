"""Provisioning, sent once: a creation whose answer was lost is looked up by name, never sent twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from qauvern.cloud.client import Cloud
from qauvern.cloud.errors import NotFound
from qauvern.errors import QauvernError, Remedy, WriteOutcomeUnknown
from qauvern.model import Crn, Instance, LiveInstance, NewInstance, OperationState

_LOOKS = 5
_FIRST_PAUSE_SECONDS = 0.5
_OPERATION_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Creation:
    """A new instance. `answer_was_lost` says that it was found by its name."""

    instance: Instance
    is_in_progress: bool
    answer_was_lost: bool


class CreationFailed(QauvernError):
    """IBM took the request, but the instance was not made."""

    remedy = Remedy.LOOK_IN_CONSOLE


def create_once(
    client: Cloud,
    new: NewInstance,
    before: Sequence[Instance],
    *,
    on_answer: Callable[[Crn], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Creation:
    """Provisions an instance and waits until it is there. `before` are its namesakes, none of which is the new one.

    `on_answer` is called as soon as its CRN is known.

    Raises:
        WriteRefused: it was not created.
        WriteOutcomeUnknown: it may have been created, but is not to be seen.
        CreationFailed: IBM took the request, but the creation failed.
    """
    lost = False
    try:
        crn = client.create(new).crn
    except WriteOutcomeUnknown as unknown:
        lost, crn = True, _look_up(client, new, {each.crn for each in before}, unknown, sleep)
    on_answer(crn)
    live = _await_creation(client, crn, new.name, sleep)
    return Creation(live.instance, live.operation is OperationState.IN_PROGRESS, lost)


def _look_up(
    client: Cloud, new: NewInstance, before: Set[Crn], unknown: WriteOutcomeUnknown, sleep: Callable[[float], None]
) -> Crn:
    for look in range(_LOOKS):
        found = [instance.crn for instance in client.find_by_name(new.plan, new.name) if instance.crn not in before]
        if found:
            return found[0]
        if look < _LOOKS - 1:
            sleep(_FIRST_PAUSE_SECONDS * 2**look)
    raise WriteOutcomeUnknown(
        f"{unknown} No new instance called {new.name!r} is listed yet; it was not asked for again.",
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
                raise CreationFailed(
                    f"IBM took the request, but the creation of {name!r} ({crn}) failed: the plan may have too little "
                    "unallocated time.",
                    crn=crn,
                )
            if live.operation is not OperationState.IN_PROGRESS or waited >= _OPERATION_TIMEOUT_SECONDS:
                return live
        sleep(pause)
        waited += pause
        pause = min(pause * 2, 5.0)
