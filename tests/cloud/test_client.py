"""The whole client over HTTP against the sandbox, which was built apart from it."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from qauvern.cloud import (
    BadResponse,
    Cloud,
    Endpoints,
    KeyRefused,
    NotAuthorized,
    NotFound,
    Patience,
    RequestEvent,
    Unavailable,
    connect,
    resolve_api_key,
)
from qauvern.errors import Remedy, WriteOutcomeUnknown, WriteRefused
from qauvern.model import BillingPlan, Crn, InstanceSettings, NewInstance, OperationState, Settings
from qauvern.sandbox import Sandbox
from tests.helpers.make import crn

IMPATIENT = Patience(backoff=0.001, retry_after_max=2)


class Trial:
    """A sandbox, a client of it, and the config file that goes with it."""

    def __init__(self, sandbox: Sandbox, cloud: Cloud, events: list[RequestEvent]) -> None:
        self.sandbox = sandbox
        self.cloud = cloud
        self.events = events
        configuration = sandbox.default_configuration()
        self.settings = Settings(
            configuration["account_id"],
            BillingPlan(configuration["plan"]),
            60,
            tuple(InstanceSettings(one["name"], Crn(one["crn"])) for one in configuration["instances"]),
        )
        self.first = self.settings.instances[0]

    def now(self) -> datetime:
        return datetime.now(timezone.utc)


@contextmanager
def trying(*faults: str, member: bool = False, instances: int = 24, **options: Any) -> Iterator[Trial]:
    events: list[RequestEvent] = []
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            Sandbox.create(instances=instances, seed=1, faults=faults, operation_delay=0.05, **options)
        )
        environ = stack.enter_context(sandbox.serve()).environment()
        key = resolve_api_key(sandbox.member_api_key if member else None, environ)
        endpoints = Endpoints.from_environment(environ)
        cloud = stack.enter_context(connect(endpoints, key, patience=IMPATIENT, observer=events.append))
        yield Trial(sandbox, cloud, events)


class TestSnapshot:
    def test_says_what_the_sandbox_says(self) -> None:
        with trying() as trial:
            now = trial.now()
            since = {one.crn: (now - timedelta(days=28)).date() for one in trial.settings.instances}
            snapshot = trial.cloud.take_snapshot(trial.settings, now=now, daily_since=since)
            facts = trial.sandbox.describe()
        assert snapshot.account.budget_seconds == facts["budget_seconds"]
        assert snapshot.account.unallocated_seconds == facts["unallocated_seconds"]
        assert sum(one.allocation_seconds or 0 for one in snapshot.instances.values()) == facts["held_seconds"]
        assert snapshot.plan_consumed_ms / 1000 == pytest.approx(facts["consumed_seconds"], rel=1e-3)
        assert {one.crn.region for one in snapshot.instances.values()} == {"us-east", "eu-de"}
        assert {one.name for one in snapshot.instances.values() if one.is_archived} <= set(facts["archived_names"])
        assert set(snapshot.usage) == set(since)
        for usage in snapshot.usage.values():
            assert usage.last_24h_ms <= usage.last_3d_ms <= usage.last_7d_ms <= usage.last_14d_ms <= usage.consumed_ms
            assert sum(usage.daily_ms.values()) >= usage.consumed_ms

    @pytest.mark.parametrize("instances", [24, 250])
    def test_takes_a_usage_read_for_each_instance_its_pages_and_few_more(self, instances: int) -> None:
        with trying(instances=instances) as trial:
            now = trial.now()
            since = {one.crn: (now - timedelta(days=28)).date() for one in trial.settings.instances}
            snapshot = trial.cloud.take_snapshot(trial.settings, now=now, daily_since=since)
            kinds = [request.kind for request in trial.sandbox.requests]
        assert kinds.count("usage") == len(trial.settings.instances)
        assert kinds.count("list") == math.ceil(len(snapshot.instances) / 100)
        assert kinds.count("token") == kinds.count("account") == 1
        assert kinds.count("analytics") == 5 * 2 + 2
        assert trial.cloud.statistics.requests == len(kinds) == len(trial.events)

    def test_reads_side_by_side(self) -> None:
        """Two round trips for token and list, then about 60 usage reads in 4 waves of 16, not 60 in a row."""
        with trying(instances=64, latency=0.05) as trial:
            started = time.monotonic()
            trial.cloud.take_snapshot(trial.settings, now=trial.now())
            assert time.monotonic() - started < 0.05 * 30

    def test_faults_that_pass_change_nothing(self) -> None:
        with trying() as trial:
            now = trial.now()
            calm = trial.cloud.take_snapshot(trial.settings, now=now)
            trial.sandbox.inject(
                "usage=503:4", "analytics=cut-after:2", "list=429/0:2", "account=500:2", "usage=refuse:2"
            )
            trial.sandbox.revoke_tokens()
            assert trial.cloud.take_snapshot(trial.settings, now=now) == calm
            kinds = [request.kind for request in trial.sandbox.requests]
        assert kinds.count("token") == 2, "the token was renewed once for all workers"

    def test_tokens_that_expire_on_the_way_are_renewed(self) -> None:
        with trying(token_lifetime=1, latency=0.02, instances=600) as trial:
            assert len(trial.cloud.take_snapshot(trial.settings, now=trial.now()).usage) > 500

    @pytest.mark.parametrize(
        ("fault", "kind", "says"),
        [
            ("usage:{name}=500", Unavailable, "28-day usage of instance '{name}' .*last answer 500"),
            ("usage:{name}=truncated", BadResponse, "28-day usage of instance '{name}'"),
            ("list=html", BadResponse, "list the instances"),
            ("account=503", Unavailable, "premium plan of account"),
            ("analytics=429/5", Unavailable, "usage of the premium plan by instance .*asks to wait 5 s"),
        ],
    )
    def test_a_fault_that_stays_is_named(self, fault: str, kind: type[Exception], says: str) -> None:
        with trying() as trial:
            name = trial.settings.instances[3].name
            trial.sandbox.inject(fault.format(name=name))
            with pytest.raises(kind, match=says.format(name=name)) as caught:
                trial.cloud.take_snapshot(trial.settings, now=trial.now())
        assert trial.sandbox.api_key not in "".join(traceback.format_exception(caught.value)) + repr(trial.events)

    def test_without_administrator_rights(self) -> None:
        with trying(member=True) as trial:
            with pytest.raises(NotAuthorized, match=r"status 403.*trace") as caught:
                trial.cloud.take_snapshot(trial.settings, now=trial.now())
            assert caught.value.remedy is Remedy.ASK_FOR_ADMINISTRATOR
            view = trial.cloud.read_instances_view(trial.settings, now=trial.now())
            assert set(view.consumed_ms) == {one.crn for one in trial.settings.instances}

    def test_an_unknown_key(self) -> None:
        with trying() as trial, connect(trial.cloud.endpoints, "nobodys-secret-key", patience=IMPATIENT) as cloud:
            with pytest.raises(KeyRefused, match=r"does not know the API key from the caller.*BXNIM0415E"):
                cloud.take_snapshot(trial.settings, now=trial.now())
            assert cloud.statistics.requests == 1


class TestSingleThings:
    def test_a_write_shows_once_it_has_succeeded(self) -> None:
        with trying() as trial:
            one = trial.first.crn
            before = trial.cloud.read(one).instance
            assert before.allocation_seconds is not None
            trial.cloud.write(one, before.allocation_seconds - 10, 7_777, before.backends)
            assert trial.cloud.read(one).operation is OperationState.IN_PROGRESS
            time.sleep(0.1)
            live = trial.cloud.read(one)
        assert live.operation is OperationState.SUCCEEDED
        assert live.instance.allocation_seconds == before.allocation_seconds - 10
        assert (live.instance.limit_seconds, live.instance.backends) == (7_777, before.backends)

    def test_a_restricted_instance_stays_so(self) -> None:
        with trying() as trial:
            restricted = next(one for one in trial.cloud.list_instances(BillingPlan.PREMIUM) if one.backends)
            trial.cloud.write(restricted.crn, restricted.allocation_seconds, 123_456, restricted.backends)
            time.sleep(0.1)
            assert trial.cloud.read(restricted.crn).instance.backends == restricted.backends

    def test_writes_run_side_by_side(self) -> None:
        with trying() as trial, ThreadPoolExecutor(8) as pool:
            live = [one for one in trial.cloud.list_instances(BillingPlan.PREMIUM) if not one.is_archived]
            list(pool.map(lambda one: trial.cloud.write(one.crn, one.allocation_seconds, 99_999, one.backends), live))
            time.sleep(0.1)
            assert all(trial.cloud.read(one.crn).instance.limit_seconds == 99_999 for one in live)

    @pytest.mark.parametrize(
        ("fault", "kind", "done"),
        [
            ("patch=429/1", WriteRefused, False),
            ("patch=403", WriteRefused, False),
            ("patch=500", WriteOutcomeUnknown, False),
            ("patch=500-applied", WriteOutcomeUnknown, True),
            ("patch=cut-before", WriteOutcomeUnknown, False),
            ("patch=cut-after", WriteOutcomeUnknown, True),
            ("patch=refuse", WriteOutcomeUnknown, False),
            ("patch=truncated", None, True),
        ],
    )
    def test_a_write_is_sent_once_and_its_failure_has_a_type(
        self, fault: str, kind: type[Exception] | None, done: bool
    ) -> None:
        with trying(fault) as trial:
            before = trial.cloud.read(trial.first.crn).instance
            values = (before.allocation_seconds, 7_777, before.backends)
            if kind is None:
                trial.cloud.write(trial.first.crn, *values)
            else:
                with pytest.raises(kind, match=f"write instance '{trial.first.name}'"):
                    trial.cloud.write(trial.first.crn, *values)
            time.sleep(0.1)
            assert (trial.cloud.read(trial.first.crn).instance.limit_seconds == 7_777) is done
            assert [request.kind for request in trial.sandbox.requests].count("patch") == 1

    def test_create_and_find(self) -> None:
        with trying() as trial:
            created = trial.cloud.create(
                NewInstance("team new", "us-east", "default", BillingPlan.PREMIUM, limit_seconds=600, tags=("a",))
            )
            time.sleep(0.1)
            (found,) = trial.cloud.find_by_name(BillingPlan.PREMIUM, "team new")
        assert (found.crn, found.limit_seconds) == (created.crn, 600)

    def test_a_creation_whose_answer_was_lost_is_found_by_its_name(self) -> None:
        with trying("create=cut-after") as trial:
            with pytest.raises(WriteOutcomeUnknown, match="create the instance 'team new'"):
                trial.cloud.create(NewInstance("team new", "us-east", "default", BillingPlan.PREMIUM))
            time.sleep(0.1)
            assert len(trial.cloud.find_by_name(BillingPlan.PREMIUM, "team new")) == 1

    def test_no_such_instance(self) -> None:
        with trying() as trial, pytest.raises(NotFound, match=r"read instance crn:.*status 404"):
            trial.cloud.read(crn("nobody", account_id=trial.sandbox.account_id))

    def test_a_thread_keeps_to_one_connection_and_the_key_stays_out_of_sight(self) -> None:
        with trying() as trial:
            trial.cloud.take_snapshot(trial.settings, now=trial.now())
            assert len(trial.cloud._transport._sender._sessions) <= 16
        assert trial.sandbox.api_key not in repr(trial.events) + repr(vars(trial.cloud))
