"""explain: every number of one instance, derived line by line."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from qauvern.model import Crn
from tests.helpers.cli import Site, widest
from tests.helpers.explained import check, check_groups


def explained(site: Site, instance: str, *arguments: str) -> dict[str, Any]:
    document = site.qauvern("explain", instance, "--format", "json", *arguments).json()
    assert isinstance(document, dict)
    return document


class TestWhich:
    def test_by_name_crn_or_guid(self, site: Site) -> None:
        crn = Crn(site.crn_of("drug-docking"))
        for wanted in ("drug-docking", crn, crn.guid):
            assert explained(site, wanted)["instance"]["crn"] == crn

    def test_an_unknown_one_is_said_before_any_request(self, site: Site) -> None:
        run = site.qauvern("explain", "nobody", exits=1)
        assert "no instance 'nobody'" in run.stderr
        assert "show" in run.stderr
        assert (run.stdout, run.requests) == ("", ())

    def test_of_equal_names_the_crns_are_told(self, site: Site) -> None:
        configuration = site.configuration()
        first, second = configuration["instances"][:2]
        first["name"] = second["name"]
        site.write_config(configuration)
        run = site.qauvern("explain", first["name"], exits=1)
        assert "2 instances are called" in run.stderr
        assert {first["crn"], second["crn"]} <= set(run.stderr.rstrip(".\n").replace(",", "").split())
        assert explained(site, second["crn"])["instance"]["crn"] == second["crn"]

    def test_a_name_that_is_the_crn_of_another_hides_nobody(self, site: Site) -> None:
        configuration = site.configuration()
        first, second = configuration["instances"][:2]
        first["name"] = second["crn"]
        site.write_config(configuration)
        assert explained(site, second["crn"])["instance"]["name"] == second["name"]

    def test_writes_nothing(self, site: Site) -> None:
        assert site.qauvern("explain", "drug-docking").writes == []


class TestTheNumbers:
    def of_all(self, site: Site) -> list[dict[str, Any]]:
        """The explanation of every instance, which must make the proposal that analyze shows."""
        analyzed = site.qauvern("analyze", "--format", "json").json()
        made = [explained(site, each["crn"]) for each in analyzed["instances"]]
        for each in made:
            check(each)
        check_groups(made)
        assert [each["instance"] for each in made] == analyzed["instances"]
        assert all(each["account"] == analyzed["account"] for each in made)
        return made

    def test_of_all_instances_make_the_whole_proposal(self, site: Site) -> None:
        made = self.of_all(site)
        pool = made[0]["pool"]
        total = sum(each["instance"]["new_allocation_seconds"] for each in made)
        assert total == pool["floors_seconds"] + pool["distributable_seconds"]

    def test_over_budget_with_a_reserve(self, site: Site) -> None:
        site.write_config({**site.configuration(), "allocation_reserve_percent": 12.5})
        site.set_budget(140_000)
        made = self.of_all(site)
        assert all("the plan is over budget" in each["touched_by"][0] for each in made)

    def test_with_a_dead_band_and_guardrails(self, site: Site) -> None:
        guardrails = {"minimum_change_seconds": 3000, "max_changes": 1, "max_decrease_percent": 10}
        site.write_config({**site.configuration(), "guardrails": guardrails})
        made = self.of_all(site)
        touched = {each["instance"]["name"]: " ".join(each["touched_by"]) for each in made}
        assert any("dead band" in each for each in touched.values())
        assert "guardrail max_changes refuses the run" in touched["finance-portfolio"]
        assert "guardrail max_decrease_percent refuses the run" in touched["finance-portfolio"]
        assert {"max_decrease_percent" in each for each in touched.values()} == {True, False}

    def test_a_broken_invariant_is_told(self, site: Site) -> None:
        site.write_config({**site.configuration(), "minimum_allocation_seconds": 50_000})
        document = explained(site, "climate-modelling")
        assert any(each.startswith("invariant 1: ") for each in document["touched_by"])

    def test_grant_by_grant_what_was_charged_on_which_day(self, site: Site) -> None:
        (grant,) = explained(site, "spin-glass-sampling")["limit"]["terms"]["grants"]
        assert grant["is_active"]
        assert len(grant["charged"]) > 3
        text = site.qauvern("explain", "spin-glass-sampling").stdout
        for each in grant["charged"]:
            assert f"    {each['date']}  " in text

    def test_as_of_another_day(self, site: Site) -> None:
        document = explained(site, "spin-glass-sampling", "--preview-date", "2035-01-01")
        check(document)
        assert document["preview_date"] == document["limit"]["window_end_date"] == "2035-01-01"
        assert document["limit"]["terms"]["grants"] == []
        assert document["limit"]["seconds"] == 6_000

    def test_one_without_an_allocation(self, site: Site) -> None:
        site.sandbox.operator.put("agritech-pilot", allocation_seconds=None)
        document = explained(site, "agritech-pilot")
        check(document)
        assert document["floor"] is None
        assert "takes part with its limit only" in site.qauvern("explain", "agritech-pilot").stdout


class TestFormats:
    @pytest.mark.parametrize("name", ["spin-glass-sampling", "drug-docking", "hackathon-autumn", "agritech-pilot"])
    def test_at_80_columns_only_the_crn_is_wider(self, site: Site, name: str) -> None:
        run = site.qauvern("explain", name, "--preview-date", "2026-11-20", columns=80)
        lines = [each for each in run.stdout.splitlines() if not each.startswith("crn:v1:")]
        assert widest("\n".join(lines)) <= 80
        assert run.stdout.startswith("Preview: net grants, limits and their window as of 2026-11-20")

    def test_csv_has_the_leaves_of_the_document(self, site: Site) -> None:
        run = site.qauvern("explain", "spin-glass-sampling", "--format", "csv")
        rows = {row["item"]: row["value"] for row in csv.DictReader(io.StringIO(run.stdout, newline=""))}
        document = explained(site, "spin-glass-sampling")
        assert rows["instance.name"] == "spin-glass-sampling"
        assert rows["share.seconds"] == str(document["share"]["seconds"])
        assert (
            rows["limit.terms.grants[0].charged[0].date"]
            == (document["limit"]["terms"]["grants"][0]["charged"][0]["date"])
        )


def test_a_slip_of_the_keyboard_is_answered_with_the_nearest_name(site: Site) -> None:
    assert "'chem-catalysis'" in site.qauvern("explain", "Chem-catalisys", exits=1).stderr
