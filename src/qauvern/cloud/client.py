"""The account, as the rest of qauvern sees it: one object that asks and writes, and hides how."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType

from qauvern.cloud import snapshot as gathering
from qauvern.cloud.attempt import DEFAULT_TIMEOUT_SECONDS, RequestEvent, Statistics
from qauvern.cloud.credentials import ApiKey
from qauvern.cloud.endpoints import Endpoints
from qauvern.cloud.errors import CloudError
from qauvern.cloud.iam import TokenSource
from qauvern.cloud.patience import Patience
from qauvern.cloud.quantum import API_VERSION, Quantum
from qauvern.cloud.resource_controller import CreatedInstance, ResourceController
from qauvern.cloud.snapshot import NO_DAILY_SINCE, InstancesView, Progress
from qauvern.cloud.transport import Transport
from qauvern.cloud.workers import DEFAULT_CONCURRENCY, Batch, Workers
from qauvern.errors import Notice, Remedy
from qauvern.model import (
    Account,
    BillingPlan,
    Crn,
    Enforced,
    Instance,
    LiveInstance,
    NewInstance,
    Settings,
    Snapshot,
    Usage,
)


def connect(
    endpoints: Endpoints,
    api_key: ApiKey | str,
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    patience: Patience | None = None,
    observer: Callable[[RequestEvent], None] | None = None,
) -> Cloud:
    """An account's client. No request is made yet.

    Args:
        concurrency: how many reads may be in flight, 1 to 64.
        timeout_seconds: how long a server may stay silent.
        patience: how often and how long to try reads again.
        observer: called after each attempt at a request, one call at a time, from any thread.

    Raises:
        ValueError: concurrency is out of range.
    """
    return Cloud(
        endpoints,
        api_key if isinstance(api_key, ApiKey) else ApiKey(api_key, "the caller"),
        concurrency=concurrency,
        transport=Transport(timeout_seconds=timeout_seconds, patience=patience, observer=observer),
    )


class Cloud:
    """One account's IBM Cloud. Any number of threads may use it. Leaving it as a context manager closes it.

    Every method but `write` and `create` only reads. Reads raise the CloudErrors that Transport.read names, writes
    raise WriteRefused or WriteOutcomeUnknown.
    """

    def __init__(self, endpoints: Endpoints, api_key: ApiKey, *, concurrency: int, transport: Transport) -> None:
        self.endpoints = endpoints
        self._transport = transport
        self._workers = Workers(concurrency)
        tokens = TokenSource(transport, endpoints.iam, api_key)
        self._controller = ResourceController(transport, tokens, endpoints.resource_controller)
        self._quantum = Quantum(transport, tokens, endpoints)
        self._names: dict[Crn, str] = {}
        self._with_backends: set[Crn] = set()

    def __enter__(self) -> Cloud:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers and closes the connections."""
        self._workers.close()
        self._transport.close()

    @property
    def statistics(self) -> Statistics:
        """What was sent so far."""
        return self._transport.statistics

    # -- single things ---------------------------------------------------------------------------------------------

    def list_instances(self, plan: BillingPlan) -> tuple[Instance, ...]:
        """Every instance of the plan, archived ones too, in IBM's order."""
        return tuple(instance for page in self.pages(plan) for instance in page)

    def account(self, account_id: str, plan: BillingPlan) -> Account:
        """The plan's budget over all its subscriptions. Takes administrator rights.

        Raises:
            NoSuchPlan: the account has no subscription to the plan.
        """
        return self._quantum.account(account_id, plan)

    def usage(self, crn: Crn) -> Usage:
        """The official 28-day usage of one instance, and what is enforced."""
        return self._quantum.usage(crn, self._describe(crn))

    def enforced(self, crn: Crn) -> Enforced:
        """What IBM holds one instance to."""
        return self._quantum.usage(crn, self._describe(crn)).enforced or Enforced(None, None)

    def effective_backends(self, crn: Crn) -> frozenset[str]:
        """The names of the backends that one instance may use, whatever its own list says."""
        return self._quantum.effective_backends(crn, self._describe(crn))

    def version_notices(self) -> tuple[Notice, ...]:
        """A notice where the version of the API that qauvern asks for is to end, or where that cannot be told."""
        try:
            sunset = self._quantum.sunset()
        except CloudError as error:
            return (Notice(str(error), error.remedy, error.facts),)
        if sunset is None:
            return ()
        text = f"version {API_VERSION} of IBM's Quantum API, which qauvern asks for, ends on {sunset}."
        return (Notice(text, Remedy.UPGRADE, {"sunset": sunset}),)

    def read(self, crn: Crn) -> LiveInstance:
        """One instance as it is now, with the state of its last operation.

        Raises:
            NotFound: there is none, or it has been removed.
        """
        live = self._controller.read(crn, self._describe(crn), has_backends=crn in self._with_backends)
        self._names[crn] = live.instance.name
        return live

    def write(
        self,
        crn: Crn,
        allocation_seconds: int | None,
        limit_seconds: int | None,
        backends: Sequence[str] | None,
    ) -> None:
        """Asks for new values of one instance: all of them, every time. It is sent once, never repeated.

        None stands for no allocation, no limit, and all backends. Returning means that IBM took the request; `read`
        tells when and whether it was carried out.

        Raises:
            WriteRefused: it definitely was not done. `retry_after` is set after a 429: it may be sent again then.
            WriteOutcomeUnknown: it may have been done: the answer was lost, or a 5xx.
        """
        self._controller.update(crn, self._describe(crn), allocation_seconds, limit_seconds, backends)

    def create(self, new: NewInstance) -> CreatedInstance:
        """Provisions an instance. It is sent once, never repeated.

        Raises:
            ValueError: the name is one that IBM would not take (see check_instance_name).
            WriteRefused: it definitely was not created.
            WriteOutcomeUnknown: it may have been created: look for it with find_by_name.
        """
        return self._controller.create(new)

    def find_by_name(self, plan: BillingPlan, name: str) -> tuple[Instance, ...]:
        """The plan's instances of that name: IBM lets several have the same."""
        return tuple(instance for instance in self.list_instances(plan) if instance.name == name)

    # -- everything at once ----------------------------------------------------------------------------------------

    def take_snapshot(
        self,
        settings: Settings,
        *,
        now: datetime,
        daily_since: Mapping[Crn, date] = NO_DAILY_SINCE,
        progress: Progress | None = None,
    ) -> Snapshot:
        """The account as it is now: see qauvern.cloud.take_snapshot."""
        self._learn_names(settings)
        return gathering.take_snapshot(self, settings, now=now, daily_since=daily_since, progress=progress)

    def read_instances_view(
        self, settings: Settings, *, now: datetime, progress: Progress | None = None
    ) -> InstancesView:
        """What can be seen without administrator rights: see qauvern.cloud.read_instances_view."""
        self._learn_names(settings)
        return gathering.read_instances_view(self, settings, now=now, progress=progress)

    # -- what a snapshot is gathered from -----------------------------------------------------------------------------

    def batch(self, progress: Progress | None = None) -> Batch:
        """Reads to be done side by side on this client's workers."""
        return Batch(self._workers, progress)

    def pages(self, plan: BillingPlan) -> Iterator[tuple[Instance, ...]]:
        """Every instance of the plan, a page at a time."""
        for page in self._controller.pages(plan):
            self._names.update({instance.crn: instance.name for instance in page})
            self._with_backends.update(instance.crn for instance in page if instance.backends is not None)
            yield page

    def usage_by_instance(
        self, base_url: str, account_id: str, plan: BillingPlan, start: datetime, end: datetime, crn: Crn
    ) -> dict[str, int]:
        """What each instance of a region used in [start, end), in milliseconds by CRN."""
        return self._quantum.usage_by_instance(base_url, account_id, plan, start, end, crn)

    def daily_usage(
        self, base_url: str, account_id: str, plan: BillingPlan, since: Mapping[Crn, date], now: datetime
    ) -> dict[Crn, dict[date, int]]:
        """What some instances of a region used on each UTC date from theirs in `since` on, in milliseconds."""
        return self._quantum.daily_usage(base_url, account_id, plan, since, now)

    def _learn_names(self, settings: Settings) -> None:
        self._names.update({instance.crn: instance.name for instance in settings.instances})

    def _describe(self, crn: Crn) -> str:
        name = self._names.get(crn)
        return f"instance {crn}" if name is None else f"instance {name!r} ({crn})"
