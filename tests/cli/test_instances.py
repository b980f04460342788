"""instances: the same table without administrator rights, by fairness, with totals."""

from __future__ import annotations

import pytest

from tests.helpers.cli import Site, table_rows


class TestInstances:
    def test_a_member_sees_them_lowest_fairness_first(self, site: Site) -> None:
        site.as_member()
        run = site.qauvern("instances", "--format", "json")
        fairness = [each["fairness"] for each in run.json()["instances"]]
        assert fairness == sorted(fairness)
        assert fairness[-1] > fairness[0]
        assert not {"account", "analytics"} & set(run.kinds), "these take administrator rights"

    def test_fairness_is_consumed_over_allocation(self, site: Site) -> None:
        for each in site.qauvern("instances", "--format", "json").json()["instances"]:
            share = each["consumed_28day_seconds"] / each["allocation_seconds"]
            assert each["fairness"] == pytest.approx(share)

    def test_totals_are_the_sums(self, site: Site) -> None:
        document = site.qauvern("instances", "--format", "json").json()
        assert document["totals"]["allocation_seconds"] == sum(
            each["allocation_seconds"] for each in document["instances"]
        )
        run = site.qauvern("instances", columns=200)
        (total,) = [line.split() for line in run.stdout.splitlines() if line.startswith("Total")]
        assert total[1] == f"{document['totals']['allocation_seconds']:,}"
        assert len(table_rows(run.stdout, ["Name"])) == len(document["instances"])

    def test_a_missing_instance_is_named_and_the_others_are_shown(self, site: Site) -> None:
        configuration = site.configuration()
        configuration["instances"][0]["crn"] = site.missing_crn()
        site.write_config(configuration)
        run = site.qauvern("instances")
        assert f"Warning: {configuration['instances'][0]['name']}" in run.stderr
        assert len(table_rows(run.stdout, ["Name"])) == len(configuration["instances"])
