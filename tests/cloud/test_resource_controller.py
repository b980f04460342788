from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from qauvern.cloud import BadResponse, NotFound, check_instance_name
from qauvern.cloud.resource_controller import ResourceController
from qauvern.cloud.transport import Transport
from qauvern.errors import WriteOutcomeUnknown, WriteRefused
from qauvern.model import BillingPlan, Instance, LiveInstance, NewInstance, OperationState, ResourceUnits
from tests.cloud.conftest import FixedTokens
from tests.cloud.server import Answer, Server, ok
from tests.helpers.make import crn

PREMIUM = "7f666d17-7893-47d8-bf9d-2b2389fc4dfc"


@pytest.fixture
def controller(transport: Transport, server: Server, tokens: FixedTokens) -> ResourceController:
    return ResourceController(transport, tokens, server.url + "/rc")


def resource(label: str = "a", **changes: Any) -> dict[str, Any]:
    """A resource of the plan premium; `extensions` are those of an ordinary instance."""
    return {
        "id": crn(label),
        "crn": crn(label),
        "name": f"team {label}",
        "state": "active",
        "resource_plan_id": PREMIUM,
        "parameters": {"usage_allocation_seconds": "1", "instance_limit_seconds": "1"},
        "extensions": {"usage_allocation_seconds": 3600, "instance_limit_seconds": None, "backends": ["ANY"]},
        "last_operation": {"type": "update", "state": "succeeded"},
        **changes,
    }


def extended(**changes: Any) -> dict[str, Any]:
    return resource(extensions={**resource()["extensions"], **changes})


def page(*resources: object, next_url: object = None) -> Answer:
    return ok({"resources": list(resources), "next_url": next_url})


def listed(controller: ResourceController, plan: BillingPlan = BillingPlan.PREMIUM) -> list[Instance]:
    return [instance for instances in controller.pages(plan) for instance in instances]


class TestPages:
    def test_are_followed_to_the_end(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(
            page(resource("a"), next_url="/v2/resource_instances?start=two%2B&limit=100"),
            page(next_url=f"{server.url}/v2/resource_instances?start=three"),
            page(resource("b"), resource("c")),
        )
        assert [instance.name for instance in listed(controller)] == ["team a", "team b", "team c"]
        first, second, third = server.asked
        assert first.path == "/rc/v2/resource_instances"
        assert first.query == {
            "resource_id": ["b6049020-80f4-11eb-a0f7-e35ec9b4054f"],
            "resource_plan_id": [PREMIUM],
            "limit": ["100"],
        }
        assert second.query == {**first.query, "start": ["two+"]}
        assert third.query == {**first.query, "start": ["three"]}

    @pytest.mark.parametrize(
        ("next_url", "says"),
        [
            ("/v2/resource_instances?limit=100", "no `start`"),
            ("/v2/resource_instances?start=", "no `start`"),
            ("https://evil.example/v2/resource_instances?start=x", "elsewhere"),
            ("//evil.example/v2/resource_instances?start=x", "elsewhere"),
            ("/v2/other?start=x", "elsewhere"),
            ("http://[::1", "not a URL"),
            ("", "next_url is ''"),
            (17, "next_url is 17"),
        ],
    )
    def test_a_next_page_that_cannot_be_is_an_error(
        self, controller: ResourceController, server: Server, next_url: object, says: str
    ) -> None:
        server.answer_in_turn(page(resource(), next_url=next_url))
        with pytest.raises(BadResponse, match=f"list the instances of the plan premium .*{says}"):
            listed(controller)
        assert len(server.asked) == 1

    def test_a_loop_is_an_error(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(page(next_url="/v2/resource_instances?start=x"))
        with pytest.raises(BadResponse, match="back to a page already read"):
            listed(controller)

    @pytest.mark.parametrize("together", [True, False])
    def test_an_instance_listed_twice_is_an_error(
        self, controller: ResourceController, server: Server, together: bool
    ) -> None:
        if together:
            server.answer_in_turn(page(resource(), resource()))
        else:
            server.answer_in_turn(page(resource(), next_url="/v2/resource_instances?start=x"), page(resource()))
        with pytest.raises(BadResponse, match=r"'team a' .* is listed twice"):
            listed(controller)

    def test_what_is_gone_or_of_another_plan_is_left_out(self, controller: ResourceController, server: Server) -> None:
        gone = [resource(state, state=state, crn="rubbish") for state in ("removed", "pending_reclamation", "failed")]
        server.answer_in_turn(page(*gone, resource("p", resource_plan_id="another"), resource("a", state="inactive")))
        assert [instance.name for instance in listed(controller)] == ["team a"]

    def test_resource_units_are_read(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(page(extended(usage_allocation_ru=2.5, instance_limit_ru=None)))
        assert listed(controller)[0].units == ResourceUnits(Decimal("2.5"), None)
        server.answer_in_turn(page(extended(usage_allocation_ru=None, instance_limit_ru=None)))
        assert listed(controller)[0].units is None

    @pytest.mark.parametrize("body", [[], {}, {"resources": None}, {"resources": {}}, {"resources": [None]}])
    def test_what_is_no_page_is_an_error(self, controller: ResourceController, server: Server, body: object) -> None:
        server.answer_in_turn(ok(body))
        with pytest.raises(BadResponse, match="list the instances"):
            listed(controller)


class TestInstances:
    @pytest.mark.parametrize(
        ("changes", "figures"),
        [
            ({}, (3600, None, None)),
            ({"usage_allocation_seconds": 0, "instance_limit_seconds": 0}, (0, 0, None)),
            ({"usage_allocation_seconds": 3600.0}, (3600, None, None)),
            ({"usage_allocation_seconds": "3600", "instance_limit_seconds": "60"}, (3600, 60, None)),
            ({"usage_allocation_seconds": None, "backends": None}, (None, None, None)),
            ({"backends": []}, (3600, None, ())),
            ({"backends": ["ibm_a", "ibm_b"]}, (3600, None, ("ibm_a", "ibm_b"))),
        ],
    )
    def test_are_read_from_their_extensions(
        self,
        controller: ResourceController,
        server: Server,
        changes: dict[str, Any],
        figures: tuple[int | None, int | None, tuple[str, ...] | None],
    ) -> None:
        server.answer_in_turn(page(extended(**changes)))
        assert listed(controller) == [Instance("team a", crn("a"), *figures)]

    @pytest.mark.parametrize(
        ("bad", "says"),
        [
            (extended(usage_allocation_seconds=-1), r"usage_allocation_seconds of instance 'team a' .* is -1"),
            (extended(usage_allocation_seconds="36e2"), "'36e2', not a number"),
            (extended(usage_allocation_seconds=True), "true, not a number"),
            (extended(instance_limit_seconds=0.5), "instance_limit_seconds of instance 'team a' .* is 0.5"),
            (extended(instance_limit_seconds=10**30), "which cannot be"),
            (extended(backends="ANY"), "backends of instance 'team a' .* not a list"),
            (extended(backends=[1]), "not a text"),
            (resource(extensions=None), "extensions of instance 'team a' is missing"),
            (resource(extensions=[]), "extensions of instance 'team a' is a list"),
            (resource(crn="crn:v1:oops"), "the CRN of instance 'team a' is 'crn:v1:oops'"),
            (resource(crn=None), "the CRN of instance 'team a' is missing"),
            (resource(name=""), "the name of resource 1 is ''"),
            (resource(name=None), "the name of resource 1 is missing"),
        ],
    )
    def test_damage_is_an_error_that_names_the_instance(
        self, controller: ResourceController, server: Server, bad: dict[str, Any], says: str
    ) -> None:
        server.answer_in_turn(page(bad))
        with pytest.raises(BadResponse, match=says):
            listed(controller)

    def test_no_state_at_all_is_fine_on_paygo_and_in_the_making(
        self, controller: ResourceController, server: Server
    ) -> None:
        bare = resource("a", extensions=None, resource_plan_id="5304b575-3cff-4455-90dc-ae4367762093")
        server.answer_in_turn(page(bare))
        assert listed(controller, BillingPlan.PAYGO) == [Instance("team a", crn("a"), None, None, None)]
        server.answer_in_turn(page(resource("a", extensions=None, state="provisioning")))
        assert listed(controller) == [Instance("team a", crn("a"), None, None, None)]


class TestRead:
    def test_the_crn_is_quoted_in_the_path(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(ok(resource()))
        controller.read(crn("a"), "instance a")
        assert server.asked[0].target == (
            "/rc/v2/resource_instances/crn%3Av1%3Abluemix%3Apublic%3Aquantum-computing%3Aus-east"
            "%3Aa%2F0123456789abcdef0123456789abcdef%3Aa%3A%3A"
        )

    @pytest.mark.parametrize(
        ("operation", "state"),
        [
            ({"state": "succeeded"}, OperationState.SUCCEEDED),
            ({"state": "in progress"}, OperationState.IN_PROGRESS),
            ({"state": "In_Progress"}, OperationState.IN_PROGRESS),
            ({"state": "failed"}, OperationState.FAILED),
            ({"type": "create"}, None),
            (None, None),
        ],
    )
    def test_tells_how_the_last_operation_stands(
        self, controller: ResourceController, server: Server, operation: object, state: OperationState | None
    ) -> None:
        server.answer_in_turn(ok(resource(last_operation=operation)))
        assert controller.read(crn("a"), "it") == LiveInstance(Instance("team a", crn("a"), 3600, None, None), state)

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (resource(last_operation={"state": "dreaming"}), "last operation of instance 'team a' is 'dreaming'"),
            (resource(last_operation="done"), "not an object"),
            (resource("b"), "another instance"),
            (extended(usage_allocation_seconds="1s"), "not a number"),
            ([], "not an object"),
        ],
    )
    def test_damage_is_an_error(self, controller: ResourceController, server: Server, body: object, says: str) -> None:
        server.answer_in_turn(ok(body))
        with pytest.raises(BadResponse, match=f"^Could not read instance 'alpha': .*{says}"):
            controller.read(crn("a"), "instance 'alpha'")

    def test_a_failed_creation_is_told(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(ok(resource(state="failed", extensions=None, last_operation={"state": "failed"})))
        assert controller.read(crn("a"), "it").operation is OperationState.FAILED

    def test_what_is_gone_is_not_found(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(ok(resource(state="pending_reclamation")))
        with pytest.raises(NotFound, match="'alpha': it is gone, its state is 'pending_reclamation'"):
            controller.read(crn("a"), "instance 'alpha'")
        server.answer_in_turn(Answer({"message": "no", "transaction_id": "t"}, status=404))
        with pytest.raises(NotFound, match="'alpha': status 404"):
            controller.read(crn("a"), "instance 'alpha'")


class TestUpdate:
    @pytest.mark.parametrize(
        ("values", "parameters"),
        [
            (
                (3600, None, None),
                {"usage_allocation_seconds": "3600", "instance_limit_seconds": None},
            ),
            (
                (None, 60, ("ibm_a",)),
                {"usage_allocation_seconds": None, "instance_limit_seconds": "60", "backends": ["ibm_a"]},
            ),
            (
                (1, 2, ()),
                {"usage_allocation_seconds": "1", "instance_limit_seconds": "2", "backends": []},
            ),
        ],
    )
    def test_sends_every_value_and_a_timestamp(
        self,
        controller: ResourceController,
        server: Server,
        values: tuple[int | None, int | None, tuple[str, ...] | None],
        parameters: dict[str, object],
    ) -> None:
        server.answer_in_turn(ok(resource()))
        controller.update(crn("a"), "it", *values)
        (asked,) = server.asked
        sent = asked.json["parameters"]
        datetime.strptime(sent.pop("timestamp"), "%Y-%m-%dT%H:%M:%S.%f%z")
        assert (asked.method, asked.json.keys(), sent) == ("PATCH", {"parameters"}, parameters)

    def test_no_two_timestamps_are_the_same(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(ok(resource()))
        for _ in range(20):
            controller.update(crn("a"), "it", 1, 1, None)
        assert len({asked.json["parameters"]["timestamp"] for asked in server.asked}) == 20
        assert {asked.connection for asked in server.asked} == {0}

    @pytest.mark.parametrize("answer", [Answer(b"<html>", status=202), Answer({"a": "b" * 99}, cut="inside")])
    def test_a_2xx_is_enough(self, controller: ResourceController, server: Server, answer: Answer) -> None:
        server.answer_in_turn(answer)
        controller.update(crn("a"), "it", 1, 1, None)
        assert len(server.asked) == 1

    @pytest.mark.parametrize("seconds", [-1, True])
    def test_what_is_no_figure_is_never_sent(
        self, controller: ResourceController, server: Server, seconds: int
    ) -> None:
        with pytest.raises(ValueError, match="not a number of seconds"):
            controller.update(crn("a"), "it", seconds, None, None)
        assert server.asked == []


NEW = NewInstance("team a", "us-east", "group", BillingPlan.PREMIUM)


class TestCreate:
    def test_sends_what_is_given(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(Answer(resource(last_operation={"state": "in progress"}), status=201))
        created = controller.create(replace(NEW, allocation_seconds=60, limit_seconds=90, tags=("x", "y")))
        assert (created.name, created.crn, created.operation) == ("team a", crn("a"), OperationState.IN_PROGRESS)
        assert server.asked[0].method == "POST"
        assert server.asked[0].json == {
            "name": "team a",
            "target": "us-east",
            "resource_group": "group",
            "resource_plan_id": PREMIUM,
            "parameters": {"usage_allocation_seconds": "60", "instance_limit_seconds": "90"},
            "tags": ["x", "y"],
        }

    def test_what_is_not_given_is_not_sent(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(Answer(resource(), status=201))
        controller.create(NEW)
        assert server.asked[0].json["parameters"] == {}
        assert "tags" not in server.asked[0].json

    def test_a_lost_answer_is_not_sent_again(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(Answer(cut="before"))
        with pytest.raises(WriteOutcomeUnknown, match="create the instance 'team a'"):
            controller.create(NEW)
        assert len(server.asked) == 1

    def test_a_refusal_shows_ibms_words(self, controller: ResourceController, server: Server) -> None:
        server.answer_in_turn(Answer({"message": "No such group", "transaction_id": "t-1"}, status=400))
        with pytest.raises(WriteRefused, match=r"create the instance 'team a': status 400.*No such group.*t-1"):
            controller.create(NEW)

    @pytest.mark.parametrize("name", ["", "x" * 181, "a/b", "a\nb", "a\tb", "a@b"])
    def test_a_name_that_ibm_would_not_take_is_never_sent(
        self, controller: ResourceController, server: Server, name: str
    ) -> None:
        with pytest.raises(ValueError, match="name"):
            controller.create(replace(NEW, name=name))
        assert server.asked == []

    def test_good_names(self) -> None:
        for name in ("a", "x" * 180, "Team 7 - chem._:", "équipe"):
            check_instance_name(name)
