"""schema.json: every document that --format json prints holds to it, and it says what every name means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import requires
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from qauvern.balance import Reason, propose
from qauvern.model import BillingPlan, Guardrails, InstanceSettings, ReserveBasis, Settings, Snapshot
from qauvern.plan import changes_of, refusals
from qauvern.render.derivation import explanation_document
from qauvern.render.documents import analysis_document, instances_document, show_document
from qauvern.render.listing import Listing
from qauvern.render.schema import schema_text
from qauvern.render.views import instance_views
from tests.helpers.cli import Site
from tests.helpers.make import TODAY, Team, grant, settings, snapshot

SCHEMA: dict[str, Any] = json.loads((files("qauvern.render") / "schema.json").read_text(encoding="utf-8"))
DOCUMENTS = ("analyze", "show", "instances", "history", "run", "optimize", "explain")


def complaints(document: Any, name: str) -> list[str]:
    """What the document breaks of the definition."""
    schema = {"$schema": SCHEMA["$schema"], "$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}
    found: Iterator[ValidationError] = Draft202012Validator(schema).iter_errors(json.loads(json.dumps(document)))
    return [f"{error.json_path}: {error.message}" for error in found]


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object schema in the file."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for each in node.values():
            yield from objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from objects(each)


OF_SELECTIONS = {
    *((title, name) for title in ("analyze", "show") for name in ("shown", "totals")),
    ("instances", "shown"),
    *((title, name) for title in ("Run", "history RUN") for name in ("only", "exclude")),
}
"""What is there only where some instances were asked for, as (title, name)."""


class TestTheSchema:
    def test_is_made_from_the_figures(self) -> None:
        """`just schema` writes it anew."""
        assert (files("qauvern.render") / "schema.json").read_text(encoding="utf-8") == schema_text()

    def test_is_one_of_draft_2020_12_with_each_document(self) -> None:
        Draft202012Validator.check_schema(SCHEMA)
        assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert [each["$ref"] for each in SCHEMA["anyOf"]] == [f"#/$defs/{name}" for name in DOCUMENTS]

    def test_checking_against_it_is_for_tests_alone(self) -> None:
        needed = [each for each in requires("qauvern") or [] if "extra ==" not in each]
        assert not [each for each in needed if each.startswith("jsonschema")]

    def test_every_object_is_closed_and_whole(self) -> None:
        for each in objects(SCHEMA):
            assert each["additionalProperties"] is False, each["title"]
            required = [name for name in each["properties"] if (each["title"], name) not in OF_SELECTIONS]
            assert each["required"] == required, each["title"]

    def test_every_name_is_explained_and_seconds_say_so(self) -> None:
        for each in objects(SCHEMA):
            assert each["title"]
            for name, value in each["properties"].items():
                assert value.get("title"), name
                assert value.get("description", "").endswith("."), name
                if name.endswith("_seconds"):
                    assert "econds" in value["description"], name

    def test_reasons_are_those_that_there_are(self) -> None:
        properties = SCHEMA["$defs"]["analyzed_instance"]["properties"]
        assert properties["allocation_change_reason"]["enum"] == [*(each.value for each in Reason), None]
        assert SCHEMA["$defs"]["explain"]["properties"]["reason"]["enum"] == [each.value for each in Reason]

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("surprise",), 1),
            (("preview_date",), "tomorrow"),
            (("account", "consumed_seconds"), "1"),
            (("account", "allocation_budget_seconds"), 1.5),
            (("instances", 0, "fairness"), "inf"),
            (("instances", 0, "crn"), "1234"),
            (("reserve", "basis"), "all"),
        ],
    )
    def test_what_is_not_of_it_is_found(self, path: tuple[Any, ...], value: Any) -> None:
        document = analysis_document(propose(*account([Team("a")]), TODAY))
        assert complaints(document, "analyze") == []
        at = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        assert len(complaints(document, "analyze")) == 1
        del at[path[-1]]
        assert len(complaints(document, "analyze")) == (0 if path == ("surprise",) else 1)


# --- made-up accounts ---------------------------------------------------------------------------------------------


def account(teams: list[Team], *, budget: int | None = 1_000, **values: Any) -> tuple[Snapshot, Settings]:
    return snapshot(teams, budget=budget), replace(settings(teams), **values)


GRANTED = Team(
    "granted",
    consumed=95.5,
    active=40.25,
    limit=50,
    grants=(
        grant(TODAY - timedelta(days=5), TODAY + timedelta(days=5), 50),
        grant(TODAY - timedelta(days=40), TODAY - timedelta(days=10), 20),
    ),
    daily={TODAY - timedelta(days=3): 30.5, TODAY - timedelta(days=12): 65},
)
ACCOUNTS = {
    "plain": account([Team("a", consumed=50, active=1.5), Team("b", live_limit=5), GRANTED]),
    "over budget": account([Team("a", consumed=700, active=3, live_limit=600), Team("b", consumed=400, active=1)]),
    "floors above the budget": account([Team("a", consumed=900.5), Team("b")], minimum_allocation_seconds=500),
    "no budget": account([Team("a", None, 5, 5, live_limit=4), Team("b", None)], budget=None, plan=BillingPlan.PAYGO),
    "some without an allocation": account([Team("a", None, 5, 5), Team("b", 100, 5, 5)]),
    "reserve of the budget": account([Team("a", 10, 5, 5)], reserve=settings([], reserve_percent="12.5").reserve),
    "guardrails and dead band": account(
        [Team("a", 990, 5, 5), Team("b", 10)],
        guardrails=Guardrails(max_changes=0, minimum_change_seconds=30),
        reserve=settings([], reserve_percent="1", basis=ReserveBasis.BUDGET).reserve,
    ),
    "nothing used": account([Team("a")]),
}


@pytest.mark.parametrize("name", ACCOUNTS)
class TestMadeUpAccounts:
    @pytest.mark.parametrize("preview_date", [None, TODAY + timedelta(days=9)], ids=["today", "preview"])
    def test_analyze_and_explain(self, name: str, preview_date: Any) -> None:
        seen, wanted = ACCOUNTS[name]
        proposal = propose(seen, wanted, preview_date or TODAY)
        assert complaints(analysis_document(proposal, preview_date=preview_date), "analyze") == []
        refused = refusals(changes_of(proposal), wanted.guardrails, len(wanted.instances))
        for line in proposal.lines:
            document = explanation_document(proposal, line, refused, preview_date=preview_date)
            assert complaints(document, "explain") == []

    def test_show_and_instances(self, name: str) -> None:
        seen, wanted = ACCOUNTS[name]
        listing = Listing.of(instance_views(wanted, seen.instances.values(), seen.usage))
        assert complaints(show_document(seen, wanted, listing), "show") == []
        assert complaints(instances_document(wanted, listing), "instances") == []


@pytest.mark.parametrize("held", [None, 0, 5])
@pytest.mark.parametrize("read", [True, False])
def test_archived_and_missing_instances(held: int | None, read: bool) -> None:
    seen, wanted = account([Team("a", held, 5), Team("b")])
    missing = InstanceSettings("missing", Team("missing").crn)
    wanted = replace(wanted, instances=(*wanted.instances, missing))
    views = instance_views(wanted, seen.instances.values(), seen.usage if read else {})
    document = instances_document(wanted, Listing.of(views))
    assert complaints(document, "instances") == []
    states = {each["name"]: each["state"] for each in document["instances"]}
    assert states == {"a": "archived" if held == 0 else "active", "b": "active", "missing": "missing"}


# --- what the commands print --------------------------------------------------------------------------------------


class TestCommands:
    def printed(self, site: Site, *arguments: str, exits: int = 0) -> Any:
        return site.qauvern(*arguments, "--format", "json", exits=exits).json()

    def test_all_of_them(self, site: Site) -> None:
        document = self.printed(site, "analyze")
        assert complaints(document, "analyze") == []
        assert complaints(self.printed(site, "analyze", "--preview-date", "2027-01-01"), "analyze") == []
        assert self.printed(site, "optimize", "--dry-run") == document
        assert complaints(self.printed(site, "show"), "show") == []
        assert complaints(self.printed(site, "instances"), "instances") == []
        for name in ("spin-glass-sampling", "drug-docking", "hackathon-autumn", "agritech-pilot"):
            assert complaints(self.printed(site, "explain", name), "explain") == []
        assert complaints(self.printed(site, "history"), "history") == []

    def test_runs(self, site: Site) -> None:
        site.sandbox.inject("patch:3=400")
        assert complaints(self.printed(site, "optimize", "--yes", exits=3), "optimize") == []
        site.qauvern("undo", "--yes")
        site.qauvern("create", "new-team", "-t", "eu-de", "-g", "default", "-p", "premium")
        history = self.printed(site, "history")
        assert complaints(history, "history") == []
        assert [each["undone"] for each in history["runs"]] == [True, False, False]
        assert [each["kind"] for each in history["runs"]] == ["apply", "undo", "create"]
        for each in history["runs"]:
            assert complaints(self.printed(site, "history", each["run"]), "run") == []

    def test_over_budget_and_broken_invariants(self, site: Site) -> None:
        site.set_budget(100_000)
        document = self.printed(site, "analyze")
        assert document["over_budget_warnings"]
        assert complaints(document, "analyze") == []
        assert complaints(self.printed(site, "show"), "show") == []
        site.write_config({**site.configuration(), "minimum_allocation_seconds": 50_000})
        document = self.printed(site, "analyze", exits=1)
        assert document["validation_errors"]
        assert complaints(document, "analyze") == []

    def test_archived_missing_and_a_balance_period(self, site: Site) -> None:
        configuration = site.configuration()
        configuration["instances"][0]["crn"] = site.archived_crn()
        configuration["instances"][1]["crn"] = site.missing_crn()
        site.write_config({**configuration, "balance_period": {"start_date": "2026-01-01T00:00:00Z"}})
        document = self.printed(site, "show")
        assert {each["state"] for each in document["instances"]} >= {"archived", "missing", "active"}
        assert complaints(document, "show") == []
        assert complaints(self.printed(site, "instances"), "instances") == []
