"""The only code that speaks HTTP to IBM: see `connect`, and `Cloud` for what it offers."""

from __future__ import annotations

from qauvern.cloud.attempt import RequestEvent, Statistics, timeout_from_environment
from qauvern.cloud.client import Cloud, connect
from qauvern.cloud.creation import Creation, CreationFailed, create_once
from qauvern.cloud.credentials import ApiKey, resolve_api_key
from qauvern.cloud.endpoints import Endpoints
from qauvern.cloud.errors import (
    BadApiKey,
    BadEnvironment,
    BadResponse,
    CloudError,
    KeyRefused,
    NoSuchPlan,
    NotAuthorized,
    NotFound,
    RequestRefused,
    Unavailable,
    Unreachable,
    WrongAccount,
)
from qauvern.cloud.patience import Patience
from qauvern.cloud.resource_controller import CreatedInstance, check_instance_name
from qauvern.cloud.snapshot import InstancesView, read_instances_view, take_snapshot

__all__ = [
    "ApiKey",
    "BadApiKey",
    "BadEnvironment",
    "BadResponse",
    "Cloud",
    "CloudError",
    "CreatedInstance",
    "Creation",
    "CreationFailed",
    "Endpoints",
    "InstancesView",
    "KeyRefused",
    "NoSuchPlan",
    "NotAuthorized",
    "NotFound",
    "Patience",
    "RequestEvent",
    "RequestRefused",
    "Statistics",
    "Unavailable",
    "Unreachable",
    "WrongAccount",
    "check_instance_name",
    "connect",
    "create_once",
    "read_instances_view",
    "resolve_api_key",
    "take_snapshot",
    "timeout_from_environment",
]
