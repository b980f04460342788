"""Selection on the command line: which instances, in which order, in which unit, and applying them alone."""

from __future__ import annotations

from csv import DictReader
from pathlib import Path

import pytest

from tests.cli.test_help import MARKING, on_a_terminal
from tests.cli.test_optimize import crn_of, keeps_budget, to_change
from tests.helpers.cli import Qauvern, Run, Site, table_rows

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


def names(run: Run) -> list[str]:
    return [each["name"] for each in run.json()["instances"]]


LISTING = ["show", "instances", "analyze"]


class TestListing:
    @pytest.mark.parametrize("command", LISTING)
    def test_lists_the_chosen_in_every_format(self, site: Site, command: str) -> None:
        words = (
            command,
            "--only",
            "a*",
            "--only",
            "region:eu-de",
            "--exclude",
            "*-*-*",
            "--exclude",
            "state:unlimited",
        )
        everything = site.qauvern(command, "--format", "json").json()["instances"]
        limit = "new_limit_seconds" if command == "analyze" else "limit_seconds"
        expected = {
            each["name"]
            for each in everything
            if (each["name"].startswith("a") or ":eu-de:" in each["crn"])
            and each["name"].count("-") < 2
            and each[limit] is not None
        }
        listed = site.qauvern(*words, "--format", "json")
        assert set(names(listed)) == expected
        assert expected
        rows = list(DictReader(site.qauvern(*words, "--format", "csv").stdout.splitlines()))
        assert [each["name"] for each in rows] == names(listed)
        table = site.qauvern(*words, columns=200).stdout
        assert [row[0] for row in table_rows(table, ["Name"])[: len(expected)]] == names(listed)

    @pytest.mark.parametrize("command", LISTING)
    def test_has_totals_of_what_is_shown_and_of_all(self, site: Site, command: str) -> None:
        allocation = "current_allocation_seconds" if command == "analyze" else "allocation_seconds"
        everything = site.qauvern(command, "--format", "json").json()["instances"]
        document = site.qauvern(command, "--top", "3", "--format", "json").json()
        shown, totals = document["shown"], document["totals"]
        assert shown[allocation] == sum(each[allocation] for each in document["instances"])
        assert totals[allocation] == sum(each[allocation] for each in everything)
        lines = site.qauvern(command, "--top", "3", columns=300).stdout.splitlines()
        last = [line.split() for line in lines if line.startswith(("Shown (3)", f"All ({len(everything)})"))]
        assert f"{shown[allocation]:,}" in last[0]
        assert f"{totals[allocation]:,}" in last[1]

    @pytest.mark.parametrize("command", [*LISTING, "optimize"])
    def test_of_what_there_is_not_is_bad_usage(self, site: Site, command: str) -> None:
        for option, term in (("--only", "zzz"), ("--exclude", "group:zzz"), ("--only", "state:zzz"), ("--sort", "zzz")):
            assert "'zzz'" in site.qauvern(command, option, term, exits=2).stderr

    @pytest.mark.parametrize("command", ["show", "instances"])
    def test_of_what_changes_takes_analyze(self, site: Site, command: str) -> None:
        run = site.qauvern(command, "--only", "state:changed", exits=2)
        assert "qauvern analyze" in run.stderr
        assert run.requests == ()

    @pytest.mark.parametrize("command", LISTING)
    def test_of_a_state_in_which_nothing_is_is_empty(self, site: Site, command: str) -> None:
        words = (command, "--only", "state:idle", "--exclude", "state:idle")
        assert names(site.qauvern(*words, "--format", "json")) == []
        assert "Shown (0)" in site.qauvern(*words).stdout
        assert len(site.qauvern(*words, "--format", "csv").stdout.splitlines()) == 1

    def test_changes_nothing_of_the_proposal(self, site: Site) -> None:
        everything = {each["name"]: each for each in site.qauvern("analyze", "--format", "json").json()["instances"]}
        chosen = site.qauvern("analyze", "--only", "state:changed", "--top", "5", "--format", "json").json()[
            "instances"
        ]
        assert chosen == [everything[each["name"]] for each in chosen]

    def test_goes_on_to_apply_the_same_selection(self, site: Site) -> None:
        run = site.qauvern("analyze", "--only", "a*", "--exclude", "aero*")
        assert "qauvern optimize --only 'a*' --exclude 'aero*'" in run.stderr

    def test_pending_changes_are_those_of_the_chosen(self, site: Site) -> None:
        site.qauvern("optimize", "--only", "a*", "--exclude", "aero*", "--yes")
        site.qauvern("analyze", "--only", "a*", "--exclude", "aero*", "--detailed-exitcode")
        site.qauvern("analyze", "--detailed-exitcode", exits=7)

    def test_a_saved_plan_holds_all_and_says_so(self, site: Site) -> None:
        count = len(to_change(site))
        run = site.qauvern("analyze", "--only", "a*", "--save-plan", "plan.json")
        assert f"all {count} changes" in run.stderr
        site.qauvern("optimize", "--plan", "plan.json", "--yes")
        assert to_change(site) == {}


class TestOrder:
    def test_sorts_by_signed_change(self, site: Site) -> None:
        for words, reverse in ((["change:desc"], True), (["allocation_delta_seconds"], False)):
            listed = site.qauvern("analyze", "--sort", *words, "--format", "json").json()["instances"]
            changes = [each["allocation_delta_seconds"] for each in listed]
            assert changes == sorted(changes, reverse=reverse)
            assert max(changes) > 0 > min(changes)

    def test_has_no_limit_last_either_way(self, site: Site) -> None:
        for direction in ("asc", "desc"):
            listed = site.qauvern("show", "--sort", f"Cur Limit:{direction}", "--format", "json").json()["instances"]
            limits = [each["limit_seconds"] for each in listed]
            known = [limit for limit in limits if limit is not None]
            assert known == sorted(known, reverse=direction == "desc")
            assert limits == known + [None] * (len(limits) - len(known))

    def test_by_group_has_subtotals(self, site: Site) -> None:
        configuration = site.configuration()
        configuration["groups"] = [{"name": "a-team"}, {"name": "b-team"}]
        for index, each in enumerate(configuration["instances"]):
            each.pop("group", None)
            if index % 3:
                each["group"] = "a-team" if index % 3 == 1 else "b-team"
        site.write_config(configuration)
        groups = {each["name"]: each.get("group") for each in configuration["instances"]}
        listed = site.qauvern("show", "--format", "json").json()["instances"]
        lines = site.qauvern("show", "--by-group", columns=200).stdout.splitlines()
        headings = [line for line in lines if line.startswith(("a-team (", "b-team (", "in no group ("))]
        assert [line.split(" (")[0] for line in headings] == ["a-team", "b-team", "in no group"]
        for name, heading in zip(("a-team", "b-team", None), headings, strict=True):
            members = [each for each in listed if groups[each["name"]] == name]
            assert f"({len(members)})" in heading
            assert f" {sum(each['allocation_seconds'] for each in members):,} " in heading
        only = site.qauvern("analyze", "--only", "group:a-team", "--format", "json")
        assert {groups[name] for name in names(only)} == {"a-team"}


class TestUnit:
    def test_tables_are_in_it_and_say_so(self, site: Site) -> None:
        run = site.qauvern("show", "--unit", "h", "--only", "automotive-battery", columns=200)
        assert "Cur Alloc (h)" in run.stdout
        (row,) = [line.split() for line in run.stdout.splitlines() if line.startswith("automotive-battery")]
        assert "20.28" in row, "73,000 s"

    def test_it_may_come_from_the_environment_and_leaves_json_and_csv_alone(self, site: Site) -> None:
        env = {"QAUVERN_UNIT": "qau"}
        assert "New Alloc (qau)" in site.qauvern("analyze", columns=300, env=env).stdout
        assert "New Alloc (min)" in site.qauvern("optimize", "--dry-run", "--unit", "min", columns=300, env=env).stdout
        for name in ("json", "csv"):
            words = ("instances", "--format", name)
            assert site.qauvern(*words, env=env).stdout == site.qauvern(*words).stdout

    def test_of_another_name_is_bad_usage(self, site: Site) -> None:
        assert "'days'" in site.qauvern("show", "--unit", "days", exits=2).stderr


class TestPaging:
    """On a terminal, what is longer than its 24 lines; the sandbox account of three instances is not."""

    @pytest.mark.parametrize("command", [["show"], ["analyze"], ["optimize", "--dry-run"]], ids=" ".join)
    def test_a_long_list_is_paged_and_what_is_said_beside_it_follows(self, tmp_path: Path, command: list[str]) -> None:
        shown = on_a_terminal(tmp_path, "--sandbox", *command, PAGER=MARKING, QAUVERN_STATE_DIR=str(tmp_path))
        paged, _, after = shown.rpartition("paged:")
        assert "automotive-battery" in paged
        assert "Next:" in after

    def test_a_short_one_and_with_no_pager_is_not(self, tmp_path: Path) -> None:
        for words in (["instances", "--only", "a*"], ["--no-pager", "show"]):
            shown = on_a_terminal(tmp_path, "--sandbox", *words, PAGER=MARKING, QAUVERN_STATE_DIR=str(tmp_path))
            assert "automotive-battery" in shown
            assert "paged:" not in shown

    def test_the_pager_may_be_left_before_the_end(self, tmp_path: Path) -> None:
        shown = on_a_terminal(tmp_path, "--sandbox", "show", PAGER="head -n 1", QAUVERN_STATE_DIR=str(tmp_path))
        assert "automotive-battery" not in shown
        assert "Next:" in shown


class TestJournal:
    def test_history_shows_what_was_selected(self, site: Site) -> None:
        site.qauvern("optimize", "--only", "a*", "--exclude", "aero*", "--yes")
        site.qauvern("optimize", "--yes")
        selected, whole = site.qauvern("history", "--format", "json").json()["runs"]
        assert (selected["only"], selected["exclude"]) == (["a*"], ["aero*"])
        assert not {"only", "exclude"} & set(whole)
        assert "only a*; without aero*" in site.qauvern("history", selected["run"]).stdout


class TestCompletion:
    """Without any request: from the config file and from what is known."""

    @staticmethod
    def completed(qauvern: Qauvern, *words: str) -> list[str]:
        env = {"_QAUVERN_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(("qauvern", *words))}
        run = qauvern(env={**env, "COMP_CWORD": str(len(words))})
        assert run.requests == ()
        return [line.partition(",")[2] for line in run.stdout.splitlines() if line]

    def test_knows_states_groups_regions_and_instances(self, site: Site) -> None:
        assert self.completed(site.qauvern, "optimize", "--only", "state:i") == ["state:in-debt", "state:idle"]
        assert self.completed(site.qauvern, "optimize", "--exclude", "group:") == [
            *("group:chemistry", "group:physics", "group:teaching")
        ]
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

    @pytest.mark.parametrize(
        ("command", "begun", "expected"),
        [
            ("analyze", "allocation_d", ["allocation_delta_seconds"]),
            ("analyze", "fairness", ["fairness", "fairness:desc"]),
            ("show", "alloc", ["allocation_seconds"]),
            ("instances", "limit_b", []),
        ],
    )
    def test_knows_the_fields_of_each_command(
        self, qauvern: Qauvern, command: str, begun: str, expected: list[str]
    ) -> None:
        assert self.completed(qauvern, command, "--sort", begun) == expected
