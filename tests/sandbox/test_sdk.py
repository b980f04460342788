"""IBM's own SDK works against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from ibm_cloud_sdk_core import ApiException  # type: ignore[import-untyped]
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator  # type: ignore[import-untyped]
from ibm_platform_services import ResourceControllerV2  # type: ignore[import-untyped]
from ibm_platform_services.resource_controller_v2 import ResourceInstancesPager  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Serve

PREMIUM = "7f666d17-7893-47d8-bf9d-2b2389fc4dfc"
QUANTUM = "b6049020-80f4-11eb-a0f7-e35ec9b4054f"


@pytest.fixture
def client(serve: Serve) -> Client:
    return serve(instances=230)


@pytest.fixture
def sdk(client: Client) -> Iterator[Any]:
    authenticator = IAMAuthenticator(client.sandbox.api_key, url=client.running.iam_url)
    service = ResourceControllerV2(authenticator=authenticator)
    service.set_service_url(client.running.resource_controller_url)
    yield service
    service.http_client.close()


class TestResourceController:
    def test_the_pager_lists_every_page(self, client: Client, sdk: Any) -> None:
        pager = ResourceInstancesPager(client=sdk, resource_id=QUANTUM, resource_plan_id=PREMIUM, limit=50)
        found = pager.get_all()
        assert len({instance["crn"] for instance in found}) == len(found) == 228
        assert [r.kind for r in client.sandbox.requests] == ["token", *["list"] * 5]

    def test_reads_updates_and_creates(self, client: Client, sdk: Any) -> None:
        found = sdk.list_resource_instances(resource_plan_id=PREMIUM, limit=1).get_result()["resources"][0]
        parameters = {"usage_allocation_seconds": "600", "instance_limit_seconds": "700", "timestamp": "1"}
        sdk.update_resource_instance(id=found["id"], parameters=parameters)
        after = sdk.get_resource_instance(id=found["id"]).get_result()
        assert after["extensions"]["usage_allocation_seconds"] == 600
        assert after["extensions"]["instance_limit_seconds"] == 700
        sdk.update_resource_instance(id=found["guid"], parameters={"usage_allocation_seconds": 601})
        assert sdk.get_resource_instance(id=found["id"]).get_result()["extensions"]["usage_allocation_seconds"] == 601
        made = sdk.create_resource_instance(
            name="made by the SDK",
            target="us-east",
            resource_group="default",
            resource_plan_id=PREMIUM,
            parameters={"usage_allocation_seconds": "60"},
        ).get_result()
        assert sdk.get_resource_instance(id=made["guid"]).get_result()["name"] == "made by the SDK"
        assert [change.kind for change in client.sandbox.applied_changes] == ["update", "update", "create"]

    def test_errors_carry_ibms_message(self, sdk: Any) -> None:
        with pytest.raises(ApiException) as caught:
            sdk.get_resource_instance(id="nothing")
        assert caught.value.status_code == 404
        assert "could not be found" in caught.value.message

    def test_a_refused_write_says_why_and_changes_nothing(self, client: Client, sdk: Any) -> None:
        found = sdk.list_resource_instances(resource_plan_id=PREMIUM, limit=1).get_result()["resources"][0]
        with pytest.raises(ApiException, match="string of digits") as caught:
            sdk.update_resource_instance(id=found["id"], parameters={"usage_allocation_seconds": 5.5})
        assert caught.value.status_code == 400
        with pytest.raises(ApiException, match="180 characters") as caught:
            sdk.create_resource_instance(
                name="no/slash", target="us-east", resource_group="default", resource_plan_id=PREMIUM
            )
        assert caught.value.status_code == 400
        member = IAMAuthenticator(client.sandbox.member_api_key, url=client.running.iam_url)
        sdk.authenticator = member
        with pytest.raises(ApiException, match="not authorized") as caught:
            sdk.update_resource_instance(id=found["id"], parameters={"usage_allocation_seconds": "5"})
        assert caught.value.status_code == 403
        assert not client.sandbox.applied_changes

    def test_a_wrong_key_is_refused(self, client: Client) -> None:
        service = ResourceControllerV2(authenticator=IAMAuthenticator("wrong", url=client.running.iam_url))
        service.set_service_url(client.running.resource_controller_url)
        with pytest.raises(ApiException, match="could not be found"):
            service.list_resource_instances()
        service.http_client.close()
