"""Where IBM's services answer: production, staging, or what the environment says."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from qauvern.cloud.errors import BadEnvironment

HOME_REGION: Final = "us-east"
"""Accounts are asked of this region."""

KNOWN_REGIONS: Final = frozenset({HOME_REGION, "eu-de"})

IAM_VARIABLE: Final = "IBMCLOUD_IAM_API_ENDPOINT"
RESOURCE_CONTROLLER_VARIABLE: Final = "IBMCLOUD_RESOURCE_CONTROLLER_API_ENDPOINT"
QUANTUM_VARIABLE: Final = "IBMCLOUD_QUANTUM_API_ENDPOINT"

_REGION_PLACEHOLDER = "{region}"
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The base URLs, without a trailing slash.

    `quantum_home` answers for us-east, `quantum_regional` for the others: it holds `{region}`, or is one base for all.
    """

    iam: str
    resource_controller: str
    quantum_home: str
    quantum_regional: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, staging: bool = False) -> Endpoints:
        """Those of production or staging, with the overrides of the environment.

        Raises:
            BadEnvironment: an override is not an https URL (http is for this machine only: the API key travels in it).
        """
        base = STAGING if staging else PRODUCTION
        quantum = _override(environ, QUANTUM_VARIABLE, region=True)
        return cls(
            iam=_override(environ, IAM_VARIABLE) or base.iam,
            resource_controller=_override(environ, RESOURCE_CONTROLLER_VARIABLE) or base.resource_controller,
            quantum_home=quantum.replace(_REGION_PLACEHOLDER, HOME_REGION) if quantum else base.quantum_home,
            quantum_regional=quantum or base.quantum_regional,
        )

    @property
    def family(self) -> str:
        """ "production", "staging", or "custom" where an override leads elsewhere."""
        return {PRODUCTION: "production", STAGING: "staging"}.get(self, "custom")

    def quantum_base(self, region: str) -> str:
        """The base URL that answers for the region's instances."""
        if region == HOME_REGION:
            return self.quantum_home
        return self.quantum_regional.replace(_REGION_PLACEHOLDER, region)

    def is_known_region(self, region: str) -> bool:
        """Whether the region's host is sure to exist, so that it may be asked before an instance there is listed."""
        return region in KNOWN_REGIONS or self.quantum_base(region) == self.quantum_home


PRODUCTION: Final = Endpoints(
    iam="https://iam.cloud.ibm.com",
    resource_controller="https://resource-controller.cloud.ibm.com",
    quantum_home="https://quantum.cloud.ibm.com/api",
    quantum_regional="https://{region}.quantum.cloud.ibm.com/api",
)
STAGING: Final = Endpoints(
    iam="https://iam.test.cloud.ibm.com",
    resource_controller="https://resource-controller.test.cloud.ibm.com",
    quantum_home="https://quantum.test.cloud.ibm.com/api",
    quantum_regional="https://{region}.quantum.test.cloud.ibm.com/api",
)


def _override(environ: Mapping[str, str], variable: str, *, region: bool = False) -> str | None:
    text = environ.get(variable, "").strip().rstrip("/")
    if not text:
        return None
    problem = _problem_of(text.replace(_REGION_PLACEHOLDER, HOME_REGION) if region else text)
    if problem:
        example = "https://{region}.quantum.cloud.ibm.com/api" if region else "https://iam.cloud.ibm.com"
        raise BadEnvironment(f"The environment variable {variable} {problem}.", variable=variable, example=example)
    return text


def _problem_of(url: str) -> str | None:
    """What keeps the URL from being a base, without quoting it: it may hold a password."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not _is_host(host):
        return "is not an http or https URL of a host"
    if "@" in parts.netloc:
        return "holds a user name or password, which would be ignored"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "has a query or fragment, and a base URL has none"
    if not re.fullmatch(r"[A-Za-z0-9._~/%-]*", parts.path):
        return "holds blanks or characters that no URL has (the one placeholder is {region}, of the quantum endpoint)"
    if parts.scheme == "http" and not is_loopback(parts):
        return "is plain http to another machine, which would send the API key in clear"
    return None


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _HOST.fullmatch(host) is not None and all(0 < len(label) <= 63 for label in host.split("."))
    return True


def is_loopback(parts: SplitResult) -> bool:
    """Whether the URL's host is this machine."""
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
