"""The Resource Controller: lists, reads, updates and creates instances."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from ._live import LiveAccount
from ._model import (
    ALL_BACKENDS,
    PLAN_NAMES,
    QUANTUM_RESOURCE_ID,
    REGIONS,
    Conditions,
    Held,
    Instance,
    Operation,
)
from ._wire import Call, Refusal, Reply, opaque

PAGE_LIMIT = 100
_LIST = "/v2/resource_instances"
_MOST_DIGITS = 12
_NAME = re.compile(r"[\w .:\-]{1,180}")
_FILTERS = ("resource_id", "resource_plan_id", "name", "guid", "resource_group_id")


def list_instances(live: LiveAccount, call: Call) -> Reply:
    limit, first = call.limit(PAGE_LIMIT, PAGE_LIMIT), call.position("start") or 0
    plan_id = call.one("resource_plan_id")
    crns = list(live.instances) if plan_id is None else live.crns_by_plan.get(plan_id, [])
    found: list[Instance] = []
    position = first
    while position < len(crns) and len(found) < limit:
        instance = live.instances[crns[position]]
        if _wanted(instance, call):
            found.append(instance)
        position += 1
    next_url = None
    if position < len(crns):
        query = {"start": opaque(position), "limit": limit}
        query |= {name: value for name in _FILTERS if (value := call.one(name)) is not None}
        next_url = f"{_LIST}?{urlencode(query)}"
    return Reply(200, {"rows_count": len(found), "next_url": next_url, "resources": [resource(live, i) for i in found]})


def get_instance(live: LiveAccount, call: Call) -> Reply:
    return Reply(200, resource(live, _existing(live, call.item)))


def patch_instance(live: LiveAccount, call: Call) -> Reply:
    instance = _existing(live, call.item)
    document = call.json()
    name, parameters = document.get("name"), document.get("parameters")
    if name is not None:
        name = _checked_name(name)
    held = _held(parameters) if parameters is not None else Held()
    keeps_backends = (
        parameters is not None
        and "backends" not in parameters
        and instance.effective_backends is not None
        and not live.conditions.omitted_backends_wipe
    )
    if keeps_backends:
        held = replace(held, backends=instance.held.backends)
    live.patch(instance.crn, name, parameters, held, call.effect, keeps_backends=keeps_backends)
    patched = live.instances[instance.crn]
    return Reply(202 if patched.operation.state == "in progress" else 200, resource(live, patched))


def create_instance(live: LiveAccount, call: Call) -> Reply:
    document = call.json()
    name = _checked_name(document.get("name"))
    target, plan_id = document.get("target"), document.get("resource_plan_id")
    if target not in REGIONS:
        raise Refusal(400, "RC-UnknownTarget", f"The target {target!r} is not one of {', '.join(REGIONS)}.")
    if not isinstance(plan_id, str) or plan_id not in PLAN_NAMES:
        raise Refusal(400, "RC-UnknownPlan", f"The resource plan {plan_id!r} does not exist.")
    group = document.get("resource_group")
    if not isinstance(group, str) or not group:
        raise Refusal(400, "bad_request", "resource_group is required.")
    tags = document.get("tags") or []
    if not isinstance(tags, list):
        raise Refusal(400, "bad_request", "tags must be a list.")
    parameters = document.get("parameters")
    held = _held(parameters) if parameters is not None else Held()
    of_plan = [s.subscription_id for s in live.account.subscriptions if s.plan_id == plan_id]
    made = Instance(
        crn="",
        name=name,
        region=target,
        plan_id=plan_id,
        subscription_id=of_plan[0] if of_plan else "",
        created_at="",
        updated_at="",
        held=Held(),
        operation=Operation("create", "in progress"),
        parameters=parameters,
        state="provisioning",
        resource_group=group,
        tags=tuple(map(str, tags)),
    )
    crn = live.create(made, held, call.effect)
    return Reply(201, resource(live, live.instances[crn]))


def resource(live: LiveAccount, instance: Instance) -> dict[str, Any]:
    """An instance as the Resource Controller shows it: `parameters` is the last request, `extensions` the state."""
    account_id = live.account.account_id
    return {
        "id": instance.crn,
        "guid": instance.guid,
        "url": f"{_LIST}/{quote(instance.crn, safe='')}",
        "crn": instance.crn,
        "name": instance.name,
        "region_id": instance.region,
        "account_id": account_id,
        "resource_plan_id": instance.plan_id,
        "resource_group_id": instance.resource_group,
        "resource_group_crn": f"crn:v1:bluemix:public:resource-controller::a/{account_id}::resource-group:"
        + instance.resource_group,
        "target_crn": f"crn:v1:bluemix:public:globalcatalog::::deployment:{instance.plan_id}:{instance.region}",
        "parameters": instance.parameters,
        "state": instance.state,
        "type": "service_instance",
        "sub_type": "",
        "resource_id": QUANTUM_RESOURCE_ID,
        "last_operation": {
            "type": instance.operation.type,
            "state": instance.operation.state,
            "async": True,
            "description": instance.operation.description or f"{instance.operation.type} {instance.operation.state}",
        },
        "extensions": instance.held.document() | _resource_units(live.conditions, instance.held),
        "created_at": instance.created_at,
        "updated_at": instance.updated_at,
        "deleted_at": None,
        "migrated": False,
    }


def _resource_units(conditions: Conditions, held: Held) -> dict[str, float | None]:
    if not conditions.has_resource_units:
        return {}
    return {
        "usage_allocation_ru": in_units(conditions, held.allocation_seconds),
        "instance_limit_ru": in_units(conditions, held.limit_seconds),
    }


def in_units(conditions: Conditions, seconds: float | None) -> float | None:
    """Seconds in resource units; null where there are none, or where the account does not count in units yet."""
    rate = conditions.units_per_second
    return None if seconds is None or rate is None else round(seconds * rate, 3)


def _held(parameters: object) -> Held:
    """What a request asks for. What it leaves out is wiped: no allocation, no limit, every backend."""
    if not isinstance(parameters, Mapping):
        raise Refusal(400, "bad_request", "parameters must be an object.")
    backends = parameters.get("backends", list(ALL_BACKENDS))
    if not isinstance(backends, list) or not all(isinstance(name, str) for name in backends):
        raise Refusal(400, "bad_request", "backends must be a list of names.")
    return Held(
        _digits(parameters, "usage_allocation_seconds"),
        _digits(parameters, "instance_limit_seconds"),
        tuple(backends),
    )


def _digits(parameters: Mapping[str, Any], name: str) -> int | None:
    """Whole seconds, as an integer or a string of digits."""
    value = parameters.get(name)
    if value is None:
        return None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not (text.isascii() and text.isdecimal()):
        raise Refusal(
            400, "RC-InvalidParameters", f"{name} must be an integer, a string of digits or null, not {value!r}."
        )
    if len(text) > _MOST_DIGITS:
        raise Refusal(400, "RC-InvalidParameters", f"{name} must have {_MOST_DIGITS} digits at most.")
    return int(text)


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refusal(
            400,
            "RC-InvalidName",
            "name must be 1 to 180 characters: letters, digits, space and - . _ :",
        )
    return name


def _existing(live: LiveAccount, identifier: str) -> Instance:
    instance = live.find(identifier)
    if instance is None:
        raise Refusal(404, "not_found", f"The instance {identifier} could not be found.")
    return instance


def _wanted(instance: Instance, call: Call) -> bool:
    return (
        call.one("resource_id") in (None, QUANTUM_RESOURCE_ID)
        and call.one("name") in (None, instance.name)
        and call.one("guid") in (None, instance.guid)
        and call.one("resource_group_id") in (None, instance.resource_group)
    )
