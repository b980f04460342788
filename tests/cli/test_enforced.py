"""What IBM enforces and what it shows may differ: it is warned of, written again, and a failure where it lasts."""

from __future__ import annotations

import json

import pytest

from tests.helpers.cli import Site

APPLY = ("optimize", "--yes", "--operation-timeout", "1s")
BACKENDS = {"us-east": ("ibm_boston", "ibm_kingston"), "eu-de": ("ibm_aachen", "ibm_brussels")}
READS = (["show"], ["instances"], ["analyze"], ["optimize", "--dry-run"])


def name_of(site: Site, index: int = 0) -> str:
    return str(site.configuration()["instances"][index]["name"])


def stop_enforcing(site: Site) -> str:
    """An instance in order, of which IBM no longer enforces what it shows."""
    site.qauvern("optimize", "--yes")
    name = name_of(site)
    held = site.live()[name]["extensions"]
    site.sandbox.operator.put(name, limit_seconds=(held["instance_limit_seconds"] or 0) + 1)
    site.sandbox.operator.put(name, limit_seconds=held["instance_limit_seconds"], is_enforced=False)
    return name


class TestAfterAWrite:
    def test_what_is_not_enforced_in_time_is_a_failure_with_that_word(self, site: Site) -> None:
        site.sandbox.inject("patch=not-enforced:1")
        run = site.qauvern(*APPLY, exits=3)
        assert "not enforced" in run.stdout
        (journalled,) = site.qauvern("history", "--format", "json").json()["runs"]
        assert journalled["ended"] == "partial"

    def test_all_are_looked_at_together_and_one_that_lags_is_waited_for(self, site: Site) -> None:
        site.sandbox.operator.set_enforcement_lag(0.4)
        run = site.qauvern("optimize", "--yes", "--operation-timeout", "30s")
        kinds = run.kinds
        last_write = len(kinds) - 1 - kinds[::-1].index("patch")
        assert kinds[last_write:].count("usage") > kinds.count("patch")
        assert "waiting for IBM to enforce" in run.stderr

    def test_where_nothing_lags_each_written_instance_takes_one_request_more(self, site: Site) -> None:
        run = site.qauvern("optimize", "--yes")
        configured = len(site.configuration()["instances"])
        assert run.kinds.count("usage") == configured + run.kinds.count("patch")


class TestWhereItLasts:
    @pytest.mark.parametrize("command", READS, ids=" ".join)
    def test_every_command_that_reads_usage_warns(self, site: Site, command: list[str]) -> None:
        name = stop_enforcing(site)
        run = site.qauvern(*command, exits=None)
        assert "does not enforce" in run.stderr
        assert name in run.stderr

    def test_optimize_writes_it_again_although_its_values_are_the_proposed_ones(self, site: Site) -> None:
        name = stop_enforcing(site)
        before = site.live()[name]["extensions"]
        run = site.qauvern("optimize", "--yes")
        assert len(run.writes) == 1
        (row,) = (line for line in run.stdout.splitlines() if line.startswith(name))
        assert row.endswith("not enforced")
        assert "undo" not in run.stderr, "there is nothing to take back"
        assert site.live()[name]["extensions"] == before
        assert "does not enforce" not in site.qauvern("show").stderr

    def test_an_undo_passes_such_a_run_over(self, site: Site) -> None:
        stop_enforcing(site)
        site.qauvern("optimize", "--yes")
        first, again = (run["run"] for run in site.qauvern("history", "--format", "json").json()["runs"])
        run = site.qauvern("undo", "--yes")
        assert run.writes
        newest = site.qauvern("history", "--format", "json").json()["runs"][-1]
        assert newest["undoes"] == first != again

    def test_a_saved_plan_holds_it(self, site: Site) -> None:
        stop_enforcing(site)
        plan = site.folder / "plan.json"
        site.qauvern("analyze", "--save-plan", plan)
        assert len(site.qauvern("optimize", "--plan", plan, "--yes").writes) == 1
        assert site.qauvern("optimize", "--plan", plan, "--yes").writes == []


class TestResourceUnits:
    def test_are_shown_and_nothing_is_written(self, site: Site) -> None:
        site.sandbox.operator.announce_resource_units(0.5)
        assert " RU" in site.qauvern("show").stderr
        run = site.qauvern("optimize", "--yes", exits=1)
        assert run.writes == []
        assert "resource units" in run.stderr
        assert site.qauvern("history", "--format", "json").json()["runs"] == []

    def test_no_instance_is_created_either(self, site: Site) -> None:
        site.sandbox.operator.announce_resource_units(0.5)
        run = site.qauvern("create", "new", "-t", "eu-de", "-g", "default", "-p", "premium", exits=1)
        assert run.writes == []
        assert "resource units" in run.stderr

    def test_null_ones_change_nothing(self, site: Site) -> None:
        site.sandbox.operator.announce_resource_units(None)
        assert site.qauvern("optimize", "--yes").writes


class TestBackends:
    def restricted(self, site: Site) -> dict[str, str]:
        """Two instances that are about to be written, with lists of backends that are out of date: name and GUID."""
        plan = site.folder / "plan.json"
        site.qauvern("analyze", "--save-plan", plan)
        changes = json.loads(plan.read_text())["changes"][:2]
        for change in changes:
            allowed, other = BACKENDS[change["crn"].split(":")[5]]
            site.sandbox.operator.put(change["crn"], backends=(allowed, other))
            site.sandbox.operator.set_effective_backends(change["crn"], allowed)
        return {change["name"]: change["crn"].split(":")[7] for change in changes}

    def test_a_list_that_is_out_of_date_is_not_sent_and_it_is_said(self, site: Site) -> None:
        instances = self.restricted(site)
        run = site.qauvern("optimize", "--yes")
        sent = [write.path for write in run.writes if "backends" in write.body["parameters"]]
        assert not any(guid in path for guid in instances.values() for path in sent)
        assert all(f"{name}: its list of backends" in run.stderr for name in instances)
        in_effect = len(sent)
        assert run.kinds.count("backends") == 2 * len(instances) + in_effect

    def test_where_the_first_loses_its_backends_the_other_is_held_back(self, site: Site) -> None:
        self.restricted(site)
        site.sandbox.operator.wipe_effective_backends()
        run = site.qauvern("optimize", "--yes", exits=3)
        assert "held back" in run.stderr
        assert "the backends that it may use were" in run.stderr


class TestVersions:
    def test_are_looked_at_once_and_only_with_verbose(self, site: Site) -> None:
        assert "versions" not in site.qauvern("show").kinds
        run = site.qauvern("-v", "show")
        assert run.kinds.count("versions") == 1
        assert "ends on" not in run.stderr


class TestPlans:
    @pytest.mark.parametrize("command", [["create", "new", "-t", "eu-de", "-g", "default"], ["configure"]])
    def test_one_that_is_not_shared_is_refused_with_the_reason(self, site: Site, command: list[str]) -> None:
        run = site.qauvern(*command, "--plan", "FLEX", exits=2)
        assert "the plan flex is not shared: it has no rolling window" in run.stderr
        assert run.requests == ()
