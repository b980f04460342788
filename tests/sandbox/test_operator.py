"""What only IBM's staff, other people or the passing of time can do to the account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from qauvern.sandbox import Call, Cut, Held, Reply, Sandbox, SandboxError

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Serve

NAME = "finance-portfolio"


class TestPut:
    @pytest.mark.parametrize("identifier", ["name", "crn", "guid"])
    def test_takes_effect_at_once_and_is_recorded(self, client: Client, identifier: str) -> None:
        found = client.named(NAME)
        before = found["extensions"]["usage_allocation_seconds"]
        client.sandbox.operator.put(found[identifier], allocation_seconds=before - 100, limit_seconds=9)
        assert client.get(found["crn"])["extensions"]["usage_allocation_seconds"] == before - 100
        (change,) = client.sandbox.applied_changes
        assert (change.kind, change.after) == ("operator", Held(before - 100, 9))
        held = [total.held_seconds for total in client.sandbox.totals if total.plan == "premium"]
        assert held[-1] - held[0] == -100

    def test_what_is_not_given_stays_and_none_is_a_value(self, client: Client) -> None:
        operator = client.sandbox.operator
        before = operator.instance("device-benchmarks").held
        operator.put("device-benchmarks", name="renamed")
        assert operator.instance("renamed").held == before
        operator.put("renamed", allocation_seconds=None)
        assert operator.instance("renamed").held == Held(None, before.limit_seconds, before.backends)

    def test_may_leave_what_is_enforced_behind(self, client: Client) -> None:
        operator = client.sandbox.operator
        before = operator.instance(NAME).held
        operator.put(NAME, limit_seconds=5, is_enforced=False)
        assert operator.instance(NAME).in_force == before
        operator.put(NAME, limit_seconds=6)
        assert operator.instance(NAME).in_force.limit_seconds == 6

    def test_an_instance_that_is_not_there_is_an_error(self, client: Client) -> None:
        for act in (client.sandbox.operator.instance, client.sandbox.operator.put, client.sandbox.operator.remove):
            with pytest.raises(SandboxError, match="no instance 'nobody'"):
                act("nobody")

    def test_it_is_kept_with_what_is_enforced_and_the_effective_backends(self, tmp_path: Path) -> None:
        with Sandbox.create(folder=tmp_path) as sandbox:
            sandbox.operator.put(NAME, limit_seconds=5, is_enforced=False)
            sandbox.operator.set_effective_backends(NAME, "ibm_boston")
            left = sandbox.operator.instance(NAME)
        with Sandbox.open(tmp_path) as again:
            assert again.operator.instance(NAME) == left
            assert left.in_force.limit_seconds is None
            assert left.usable_backends == ("ibm_boston",)


class TestAccount:
    def test_a_removed_instance_is_gone_from_list_and_total(self, client: Client) -> None:
        facts, held = client.sandbox.describe(), client.sandbox.operator.instance(NAME).held
        client.sandbox.operator.remove(NAME)
        assert NAME not in {found["name"] for found in client.list()}
        assert client.sandbox.describe()["held_seconds"] == facts["held_seconds"] - (held.allocation_seconds or 0)

    def test_a_budget_replaces_all_subscriptions_to_the_plan(self, client: Client) -> None:
        client.sandbox.operator.set_budget(123_456)
        assert client.sandbox.budget_seconds() == 123_456
        assert client.sandbox.budget_seconds("internal") > 0
        with pytest.raises(SandboxError, match="no subscription to the paygo plan"):
            client.sandbox.operator.set_budget(5, "paygo")

    def test_the_budget_may_be_left_unwatched(self, client: Client) -> None:
        crn = client.named(NAME)["crn"]
        client.sandbox.operator.watch_budget(False)
        client.patch(crn, usage_allocation_seconds=10**9)
        assert client.get(crn)["extensions"]["usage_allocation_seconds"] == 10**9

    def test_a_reset_gives_the_account_as_it_was_made(self, client: Client) -> None:
        made = client.sandbox.operator.instances(), client.sandbox.describe()
        client.patch(client.named(NAME)["crn"], usage_allocation_seconds=1)
        client.sandbox.operator.remove("chem-catalysis")
        client.sandbox.operator.set_budget(1_000_000)
        client.sandbox.operator.reset()
        assert (client.sandbox.operator.instances(), client.sandbox.describe()) == made
        assert client.sandbox.applied_changes == []

    def test_records_begin_anew(self, client: Client) -> None:
        client.sandbox.operator.put(NAME, allocation_seconds=1)
        client.list()
        client.sandbox.operator.clear_records()
        assert (client.sandbox.requests, client.sandbox.applied_changes) == ([], [])
        assert client.sandbox.max_total_seconds() == client.sandbox.describe()["held_seconds"]

    @pytest.mark.parametrize(("fault", "applied"), [("stuck", False), ("stuck-applied", True)])
    def test_hung_operations_can_be_ended(self, client: Client, fault: str, applied: bool) -> None:
        crn = client.named(NAME)["crn"]
        client.sandbox.inject(f"patch={fault}")
        client.patch(crn, usage_allocation_seconds=77)
        client.sandbox.operator.end_operations()
        after = client.get(crn)
        assert after["last_operation"]["state"] == "succeeded"
        assert (after["extensions"]["usage_allocation_seconds"] == 77) == applied


class TestKeys:
    def test_another_key_is_let_in(self, serve: Serve) -> None:
        client = serve()
        client.sandbox.operator.add_key("mine")
        assert client.log_in("mine").quantum("/v1/analytics/usage").status_code == 200
        client.sandbox.operator.add_key("mine", is_administrator=False)
        assert client.log_in("mine").quantum("/v1/analytics/usage").status_code == 403


class TestBetween:
    def test_every_write_is_announced_before_it_is_carried_out(self, client: Client) -> None:
        crn = client.named(NAME)["crn"]
        seen: list[tuple[str, str, int | None]] = []

        def note(call: Call) -> None:
            seen.append((call.kind, call.item, client.sandbox.operator.instance(NAME).held.allocation_seconds))

        before = client.sandbox.operator.instance(NAME).held.allocation_seconds
        client.sandbox.operator.on_write(note)
        client.get(crn)
        client.patch(crn, usage_allocation_seconds=5)
        assert seen == [("patch", crn, before)]

    def test_an_answer_can_be_replaced_or_withheld(self, client: Client) -> None:
        def bend(call: Call, carry_out: Callable[[], Reply]) -> Reply:
            if call.kind == "patch":
                carry_out()
                raise Cut
            return Reply(200, {"bent": carry_out().status})

        crn = client.named(NAME)["crn"]
        client.sandbox.operator.intercept(bend)
        assert client.rc("GET").json() == {"bent": 200}
        with pytest.raises(requests.ConnectionError):
            client.patch(crn, usage_allocation_seconds=5)
        assert client.sandbox.requests[-1].status == 0
        assert client.sandbox.operator.instance(NAME).held.allocation_seconds == 5
