"""What holds for every test: no network but loopback, nobody's own environment, equal examples in every run of CI."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Generator, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.helpers.cli import Qauvern, Site

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=2_000)  # just fuzz: --hypothesis-profile=fuzz
settings.register_profile(  # only an assertion may kill a mutant, and its smallest example is of no use
    "mutation",
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_OURS = ("QAUVERN_", "IBMCLOUD_", "IC_API_KEY")
_AFFECTS_OUTPUT = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(scope="session", autouse=True)
def signals_as_in_a_terminal() -> None:
    """A shell's background jobs inherit that SIGINT is ignored, and so would every process that a test starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class NetworkBlocked(AssertionError):
    """A test tried to leave this machine."""


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Connections and look-ups of names reach this machine only."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def checked_connect(self: socket.socket, address: Any) -> None:
        _check(self, address)
        connect(self, address)

    def checked_connect_ex(self: socket.socket, address: Any) -> int:
        _check(self, address)
        return connect_ex(self, address)

    def checked_getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if host is not None and not _is_loopback(host):
            raise NetworkBlocked(f"look-up of {host!r}")
        return getaddrinfo(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked_connect)
        patch.setattr(socket.socket, "connect_ex", checked_connect_ex)
        patch.setattr(socket, "getaddrinfo", checked_getaddrinfo)
        yield


def _check(used: socket.socket, address: Any) -> None:
    if used.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
        raise NetworkBlocked(f"connection to {address!r}")


def _is_loopback(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the person who runs the tests gets in, and nothing of the tests gets out."""
    for name in os.environ:
        if name.startswith(_OURS) or name.upper() in (*_AFFECTS_OUTPUT, *_PROXIES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


# --- the command line -------------------------------------------------------------------------------------------

_QAUVERN = pytest.StashKey[Qauvern]()


@pytest.fixture
def qauvern(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Qauvern:
    """Runs qauvern in a folder of the test's own. A failing test shows every run."""
    monkeypatch.chdir(tmp_path)
    made = Qauvern()
    request.node.stash[_QAUVERN] = made
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    made = item.stash.get(_QAUVERN, None)
    if made is not None and made.runs and report.when == "call" and report.failed:
        report.sections.append(("runs of qauvern", str(made)))
    return report


@pytest.fixture
def site(qauvern: Qauvern, tmp_path: Path) -> Iterator[Site]:
    """The default sandbox account over HTTP, its config file in the current folder, and an administrator's key."""
    from qauvern.sandbox import Sandbox

    with Sandbox.create(operation_delay=0.02) as sandbox, sandbox.serve() as running:
        qauvern.environment.update(running.environment())
        qauvern.sandbox = sandbox
        made = Site(sandbox, running, tmp_path, qauvern)
        made.write_config(made.configuration())
        yield made


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads are repeated as often as ever, but at once."""
    from functools import partial

    from qauvern.cloud import Patience

    monkeypatch.setattr("qauvern.cloud.transport.Patience", partial(Patience, sleep=lambda _seconds: None))
