"""Selection on the command line: which instances, in which order, in which unit, and applying them alone."""

from __future__ import annotations

import pytest

from tests.cli.test_optimize import crn_of, keeps_budget, to_change
from tests.helpers.cli import Qauvern, Site

INCREASE = "error-mitigation-lab"
DECREASES = ("agritech-pilot", "automotive-battery")


class TestOptimize:
    def test_writes_what_is_chosen_and_no_more(self, site: Site) -> None:
        before = site.held()
        wanted = to_change(site)
        run = site.qauvern("optimize", "--only", "a*", "--exclude", "aero*", "--yes")
        assert {crn_of(record) for record in run.writes} == {site.crn_of(name) for name in DECREASES}
        after = site.held()
        assert {name: after[name] for name in DECREASES} == {
            name: wanted[name]["new_allocation_seconds"] for name in DECREASES
        }
        assert {name for name in after if after[name] != before[name]} == set(DECREASES)

    def test_an_increase_that_must_wait_is_named_before_the_question_and_ends_with_3(self, site: Site) -> None:
        run = site.qauvern("optimize", "--only", INCREASE, answers="y\n", exits=3)
        warned, question = run.stderr.index(f"{INCREASE} (+"), run.stderr.index("Apply 1 of ")
        assert warned < question
        assert "outside the selection" in run.stderr
        assert "held back" in run.stderr[question:]
        assert run.writes == []
        assert keeps_budget(site)

    def test_the_rest_follows_without_a_selection(self, site: Site) -> None:
        site.qauvern("optimize", "--only", INCREASE, "--yes", exits=3)
        site.qauvern("optimize", "--yes")
        assert to_change(site) == {}
        assert keeps_budget(site)

    def test_what_is_chosen_can_be_undone(self, site: Site) -> None:
        before = site.held()
        site.qauvern("optimize", "--only", "state:idle", "--yes")
        assert site.held() != before
        site.qauvern("undo", "--yes")
        assert site.held() == before

    def test_of_a_plan_writes_the_chosen_part(self, site: Site) -> None:
        site.qauvern("analyze", "--save-plan", "plan.json")
        run = site.qauvern("optimize", "--plan", "plan.json", "--only", DECREASES[0], "--yes")
        assert [crn_of(record) for record in run.writes] == [site.crn_of(DECREASES[0])]
        site.qauvern("optimize", "--plan", "plan.json", "--yes")
        assert to_change(site) == {}

    def test_a_known_state_in_which_nothing_is_writes_nothing(self, site: Site) -> None:
        site.qauvern("optimize", "--yes")
        run = site.qauvern("optimize", "--only", "state:changed", "--yes")
        assert run.writes == []
        assert "No instance is chosen" in run.stderr

    @pytest.mark.parametrize("term", ["zzz*", "group:zzz", "region:zzz", "state:zzz", "", "00000000-0000-4000-8000-00"])
    @pytest.mark.parametrize("option", ["--only", "--exclude"])
    def test_what_there_is_not_writes_nothing(self, site: Site, option: str, term: str) -> None:
        run = site.qauvern("optimize", option, term, "--yes", exits=2)
        assert run.writes == []
        assert repr(term.removeprefix("group:").removeprefix("state:")) in run.stderr

    def test_an_instance_that_is_not_configured_is_said_to_be_so(self, site: Site) -> None:
        configuration = site.configuration()
        left_out = configuration["instances"].pop(0)
        site.write_config(configuration)
        run = site.qauvern("optimize", "--only", left_out["name"], "--yes", exits=2)
        assert "not configured" in run.stderr
        assert "qauvern update" in run.stderr
        assert run.writes == []

    def test_two_of_one_name_are_both_chosen_by_it(self, site: Site) -> None:
        configuration = site.configuration()
        for each in configuration["instances"]:
            if each["name"] in DECREASES:
                each["name"] = "twin"
        site.write_config(configuration)
        run = site.qauvern("optimize", "--only", "twin", "--yes")
        assert {crn_of(record) for record in run.writes} == {
            each["crn"] for each in configuration["instances"] if each["name"] == "twin"
        }
        assert len(run.writes) == 2


class TestCompletion:
    """Without any request: from the config file and from what is known."""

    @staticmethod
    def completed(qauvern: Qauvern, *words: str) -> list[str]:
        env = {"_QAUVERN_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(("qauvern", *words))}
        run = qauvern(env={**env, "COMP_CWORD": str(len(words))})
        assert run.requests == ()
        return [line.partition(",")[2] for line in run.stdout.splitlines() if line]

    def test_knows_states_groups_regions_and_instances(self, site: Site) -> None:
        configuration = site.configuration()
        configuration["groups"] = [{"name": "chemistry"}, {"name": "physics"}]
        site.write_config(configuration)
        assert self.completed(site.qauvern, "optimize", "--only", "state:i") == ["state:in-debt", "state:idle"]
        assert self.completed(site.qauvern, "optimize", "--exclude", "group:") == ["group:chemistry", "group:physics"]
        assert "region:us-east" in self.completed(site.qauvern, "optimize", "--only", "region:")
        assert self.completed(site.qauvern, "optimize", "--only", "chem") == ["chem-catalysis"]

    def test_bash_has_colons_as_words_of_their_own(self, qauvern: Qauvern) -> None:
        for words, expected in (
            (["--only", "state", ":"], ["changed", "limit-reached", "in-debt", "idle", "unlimited"]),
            (["--only", "state", ":", "in"], ["in-debt"]),
            (["--only", "state", ":", "idle", "--exclude", "state", ":", "ch"], ["changed"]),
        ):
            assert self.completed(qauvern, "optimize", *words) == expected

    def test_knows_states_without_a_config_file(self, qauvern: Qauvern) -> None:
        assert self.completed(qauvern, "optimize", "--only", "state:u") == ["state:unlimited"]
