"""The running sandbox keeps to the project's own OpenAPI document of the services that it plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import given
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from qauvern.sandbox import routes
from tests.hostile.mutations import bounded
from tests.sandbox.conftest import GRANT_TYPE, PREMIUM, Client, Serve

DOCUMENT: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8"))


def as_any(value: Any) -> Any:
    """What schemathesis types more narrowly than it is used here."""
    return value


SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    operation.definition.raw["operationId"]: operation
    for operation in (as_any(each).ok() for each in SCHEMA.get_all_operations())
}
CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.fixture
def client(serve: Serve) -> Client:
    """On an account small enough to be asked often."""
    return serve(instances=8, seed=3).log_in()


def knowing(client: Client, case: Any, turn: int) -> None:
    """Puts what the account really has in place of most of what was made up: else it would be 404 for ever."""
    crns = [str(each["crn"]) for each in client.sandbox.default_configuration()["instances"]]
    if turn % 4 == 0:
        return
    crn = crns[turn % len(crns)]
    if "id" in case.path_parameters:
        case.path_parameters["id"] = crn if turn % 2 else crn.split(":")[7]
    if "account_id" in case.path_parameters:
        case.path_parameters["account_id"] = client.sandbox.account_id
    headers = dict(case.headers or {})
    if "Service-CRN" in headers:
        headers["Service-CRN"] = crn
        case.path_parameters["region"] = crn.split(":")[5]
    if "Account-Id" in headers:
        headers["Account-Id"] = client.sandbox.account_id
    case.headers = headers
    for position in ("start", "_start", "next", "previous"):
        (case.query or {}).pop(position, None)
    if isinstance(case.body, dict) and "target" in case.body and turn % 4 == 1:
        case.body.update(name=f"made {turn}", target="us-east", resource_group="default")
    if isinstance(case.body, dict) and case.body.get("grant_type") == GRANT_TYPE:
        case.body["apikey"] = client.sandbox.api_key


class TestConformance:
    @pytest.mark.parametrize("name", OPERATIONS)
    def test_every_answer_is_as_described(self, client: Client, name: str) -> None:
        """Whatever is asked within the description; as administrator, as member, and with no token."""
        statuses: set[int] = set()
        turns = iter(range(10**9))

        @given(case=OPERATIONS[name].as_strategy())
        @bounded(20)
        def hold(case: Any) -> None:
            turn = next(turns)
            knowing(client, case, turn)
            session = client.session
            session.headers.pop("Authorization", None)
            if turn % 7 != 6:
                client.log_in(client.sandbox.member_api_key if turn % 7 == 5 else None)
            session.headers.pop("Account-Id", None)
            session.headers.pop("IBM-API-Version", None)
            answer = case.call(base_url=client.running.base_url, session=session)
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        hold()
        assert statuses & {200, 201, 202, 204}, f"nothing but {statuses}"

    def test_what_lies_outside_of_the_description_is_refused_in_its_words(self, client: Client) -> None:
        crn = quoted(client)
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("GET", "/rc/v2/resource_instances?limit=0", {}),
            ("GET", "/rc/v2/resource_instances?limit=x", {}),
            ("GET", "/rc/v2/resource_instances?start=x", {}),
            ("GET", "/rc/v2/resource_instances?start=%F0%9F%98%80", {}),
            ("GET", "/rc/v2/resource_instances?start=ZzFBOi01", {}),  # -5
            ("PATCH", f"/rc/v2/resource_instances/{crn}", {"json": [1]}),
            ("PATCH", f"/rc/v2/resource_instances/{crn}", {"data": b"\xff"}),
            ("PATCH", f"/rc/v2/resource_instances/{crn}", {"data": b"[" * 100_000}),
            ("PATCH", f"/rc/v2/resource_instances/{crn}", {"json": {"parameters": []}}),
            ("PATCH", f"/rc/v2/resource_instances/{crn}", {"json": {"name": 5}}),
            *(
                (
                    "PATCH",
                    f"/rc/v2/resource_instances/{crn}",
                    {"json": {"parameters": {"instance_limit_seconds": value}}},
                )
                for value in NO_DIGITS
            ),
            ("POST", "/rc/v2/resource_instances", {"json": {"name": "a", "target": [], "resource_plan_id": {}}}),
            ("POST", "/rc/v2/resource_instances", {"json": creation(tags=5)}),
            ("POST", "/rc/v2/resource_instances", {"json": creation(name="a\n")}),
            ("POST", "/iam/identity/token", {"data": b"\xff\xfe=%ff"}),
            ("PUT", "/quantum/us-east/api/v1/instances/configuration", {"json": {"instance_limit": 1.5}}),
            ("PUT", "/quantum/us-east/api/v1/instances/configuration", {"json": {"instance_limit": 10**30}}),
            ("GET", "/quantum/us-east/api/v1/analytics/usage?interval_start=0001-01-01T00:00:00%2B14:00", {}),
            ("GET", "/quantum/us-east/api/v1/analytics/usage?interval_end=9999-12-31T23:59:59-14:00", {}),
            ("GET", "/quantum/us-east/api/v1/analytics/usage?interval_start=yesterday", {}),
            ("GET", "/quantum/us-east/api/v1/analytics/usage_grouped", {}),
            ("GET", "/quantum/us-east/api/v1/analytics/usage_grouped?group_by=moon", {}),
        ]
        client.session.headers["Service-CRN"] = client.sandbox.default_configuration()["instances"][0]["crn"]
        for method, path, body in asked:
            answer = client.session.request(method, client.running.base_url + path, timeout=5, **body)
            assert answer.status_code == 400, f"{method} {path[:90]} {str(body)[:90]} -> {answer.status_code}"
            Draft202012Validator(error_schema(path.split("/")[1])).validate(answer.json())


def error_schema(service: str) -> dict[str, Any]:
    """What an error of the service looks like."""
    if service == "iam":
        responses = DOCUMENT["paths"]["/iam/identity/token"]["post"]["responses"]
        return dict(responses["400"]["content"]["application/json"]["schema"])
    name = {"rc": "ControllerError", "quantum": "QuantumError"}[service]
    return dict(DOCUMENT["components"]["responses"][name]["content"]["application/json"]["schema"])


NO_DIGITS: tuple[Any, ...] = (5.5, -1, "-1", "", " 1", "1.5", "\u0661", True, [], "9" * 5_000)


def creation(**changed: Any) -> dict[str, Any]:
    return {"name": "a", "target": "us-east", "resource_group": "g", "resource_plan_id": PREMIUM} | changed


def quoted(client: Client) -> str:
    return str(client.sandbox.default_configuration()["instances"][0]["crn"]).replace("/", "%2F").replace(":", "%3A")


class TestTheDocument:
    def test_describes_every_request_that_the_sandbox_answers_and_no_other(self) -> None:
        described = {
            (method.upper(), path)
            for path, item in DOCUMENT["paths"].items()
            for method in item
            if method != "parameters"
        }
        assert described == set(routes())

    def test_its_schemas_are_schemas(self) -> None:
        for schema in DOCUMENT["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)
