"""optimize: analyze, ask, and apply: decreases first, the budget kept at every moment, whatever fails named."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import Any
from urllib.parse import unquote

import pytest

from qauvern.sandbox import RequestRecord
from tests.helpers.cli import Run, Site

PHASES = {-1: "decrease", 0: "limit only", 1: "increase"}


def proposal(site: Site) -> dict[str, dict[str, Any]]:
    """What analyze proposes now, by name."""
    document = site.qauvern("analyze", "--format", "json").json()
    return {each["name"]: each for each in document["instances"]}


def to_change(site: Site) -> dict[str, dict[str, Any]]:
    """Those lines of the proposal that change something."""
    return {
        name: each
        for name, each in proposal(site).items()
        if each["allocation_delta_seconds"] or each["new_limit_seconds"] != each["current_limit_seconds"]
    }


def crn_of(record: RequestRecord) -> str:
    return unquote(record.path.partition("?")[0].rpartition("/")[2])


def patched(run: Run) -> list[str]:
    """The CRNs that were written to, in order."""
    return [crn_of(record) for record in run.requests if record.kind == "patch"]


def keeps_budget(site: Site) -> bool:
    return site.sandbox.max_total_seconds() <= site.sandbox.budget_seconds()


class TestQuestion:
    def test_a_dry_run_writes_nothing(self, site: Site) -> None:
        run = site.qauvern("optimize", "--dry-run")
        assert f"{len(to_change(site))} changes, none written" in run.stderr
        assert run.writes == []

    def test_a_dry_run_as_json_is_the_document_of_analyze(self, site: Site) -> None:
        dry = site.qauvern("optimize", "--dry-run", "--format", "json").json()
        analyzed = site.qauvern("analyze", "--format", "json").json()
        assert dry.keys() == analyzed.keys()
        assert [each["new_allocation_seconds"] for each in dry["instances"]] == [
            each["new_allocation_seconds"] for each in analyzed["instances"]
        ]

    def test_json_is_the_run_as_history_has_it(self, site: Site) -> None:
        run = site.qauvern("optimize", "--format", "json", "--yes").json()
        shown = site.qauvern("history", run["run"], "--format", "json").json()
        assert run == {"run": shown["run"], "status": shown["ended"], "changes": shown["changes"]}
        assert {each["result"] for each in run["changes"]} == {"done"}

    def test_csv_is_the_changes_as_history_has_them(self, site: Site) -> None:
        printed = site.qauvern("optimize", "--format", "csv", "--yes").stdout
        (listed,) = site.qauvern("history", "--format", "json").json()["runs"]
        assert printed == site.qauvern("history", listed["run"], "--format", "csv").stdout

    def test_json_of_a_run_in_part(self, site: Site) -> None:
        site.sandbox.inject("patch:2=403")
        run = site.qauvern("optimize", "--format", "json", "--yes", exits=3).json()
        assert run["status"] == "partial"
        assert "failed" in {each["result"] for each in run["changes"]}

    def test_json_where_nothing_was_to_do(self, site: Site) -> None:
        site.qauvern("optimize", "--yes")
        run = site.qauvern("optimize", "--format", "json", "--yes").json()
        assert run == {"run": None, "status": "nothing to do", "changes": []}

    def test_json_where_the_answer_was_no(self, site: Site) -> None:
        run = site.qauvern("optimize", "--format", "json", answers="n\n").json()
        assert run == {"run": None, "status": "not written", "changes": []}

    def test_without_a_terminal_and_yes_it_is_2_and_nothing_is_written(self, site: Site) -> None:
        run = site.qauvern("optimize", exits=2)
        assert "--yes" in run.stderr
        assert run.writes == []

    @pytest.mark.parametrize("piped", ["y\n", "YES", "what?\ny\n"])
    def test_a_yes_from_a_pipe_counts(self, site: Site, piped: str) -> None:
        run = site.qauvern("optimize", piped=piped)
        assert len(run.writes) == len(site.configuration()["instances"])

    def test_a_no_from_a_pipe_counts(self, site: Site) -> None:
        assert site.qauvern("optimize", piped="n\n").writes == []

    def test_a_pipe_that_ends_without_an_answer_is_2(self, site: Site) -> None:
        assert site.qauvern("optimize", piped="what?\n", exits=2).writes == []

    @pytest.mark.parametrize("answer", ["n\n", "\n"], ids=["no", "just enter"])
    def test_no_is_0_and_nothing_is_written(self, site: Site, answer: str) -> None:
        run = site.qauvern("optimize", answers=answer)
        assert "Nothing was written" in run.stderr
        assert run.writes == []

    def test_yes_at_the_terminal_applies(self, site: Site) -> None:
        run = site.qauvern("optimize", answers="y\n")
        assert len(run.writes) == len(site.configuration()["instances"])


class TestApplied:
    def test_the_account_holds_what_was_proposed_and_a_second_run_has_nothing_to_do(self, site: Site) -> None:
        wanted = proposal(site)
        site.qauvern("optimize", "--yes")
        live = site.live()
        for name, each in wanted.items():
            state = live[name]["extensions"]
            assert state["usage_allocation_seconds"] == each["new_allocation_seconds"], name
            assert state["instance_limit_seconds"] == each["new_limit_seconds"], name
        again = site.qauvern("optimize", "--yes")
        assert "Nothing to change" in again.stderr
        assert again.writes == []

    def test_unconfigured_instances_are_never_written(self, site: Site) -> None:
        before = site.live()
        run = site.qauvern("optimize", "--yes")
        configured = {each["crn"] for each in site.configuration()["instances"]}
        assert set(patched(run)) <= configured
        for name in site.sandbox.describe()["unconfigured_names"]:
            assert site.live()[name]["extensions"] == before[name]["extensions"]

    def test_decreases_then_limits_then_increases_within_the_budget(self, site: Site) -> None:
        site.qauvern("optimize", "--yes")
        configuration = site.configuration()
        for each in configuration["instances"]:
            if each["name"] == "agritech-pilot":
                each["limit_seconds"] = 1_000  # inactive, at its floor: its limit changes and nothing else
            if each["name"] == "quantum-walks-starter":
                each["limit_seconds"] = 5_000  # takes from it what others then get
        site.write_config(configuration)
        wanted = {each["crn"]: each for each in to_change(site).values()}
        run = site.qauvern("optimize", "--yes")
        signs = [_sign(wanted[crn]["allocation_delta_seconds"]) for crn in patched(run)]
        assert signs == sorted(signs)
        assert {PHASES[sign] for sign in signs} == set(PHASES.values())
        assert keeps_budget(site)

    def test_every_write_sends_allocation_limit_backends_where_explicit_and_a_timestamp_of_its_own(
        self, site: Site
    ) -> None:
        before = {each["crn"]: each["extensions"] for each in site.live().values()}
        wanted = {each["crn"]: each for each in proposal(site).values()}
        run = site.qauvern("optimize", "--yes")
        timestamps = set()
        for record in run.writes:
            sent, crn = record.body["parameters"], crn_of(record)
            assert sent["usage_allocation_seconds"] == str(wanted[crn]["new_allocation_seconds"])
            limit = wanted[crn]["new_limit_seconds"]
            assert sent["instance_limit_seconds"] == (None if limit is None else str(limit))
            assert sent.get("backends", ["ANY"]) == before[crn]["backends"]
            timestamps.add(sent["timestamp"])
        assert len(timestamps) == len(run.writes) > 1

    def test_restricted_backends_stay_restricted(self, site: Site) -> None:
        before = {name: each["extensions"]["backends"] for name, each in site.live().items()}
        restricted = {name for name, backends in before.items() if backends != ["ANY"]}
        assert restricted & to_change(site).keys(), "the account has one that changes"
        site.qauvern("optimize", "--yes")
        assert {name: each["extensions"]["backends"] for name, each in site.live().items()} == before

    def test_each_write_is_preceded_by_a_read_of_its_own_and_read_back(self, site: Site) -> None:
        run = site.qauvern("optimize", "--yes")
        for crn in patched(run):
            kinds = [
                record.kind for record in run.requests if record.kind in ("get", "patch") and crn_of(record) == crn
            ]
            assert kinds[:2] == ["get", "patch"]
            assert kinds[-1] == "get"


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


class TestFailures:
    """What one failing write does to the others. automotive-battery frees the most of all that decrease."""

    DECREASE, INCREASE = "automotive-battery", "chem-catalysis"

    def test_a_failing_decrease_holds_back_what_would_lift_the_total_above_the_budget(self, site: Site) -> None:
        before, wanted = site.held(), to_change(site)
        site.sandbox.inject(f"patch:{self.DECREASE}=403")
        run = site.qauvern("optimize", "--yes", exits=3)
        assert keeps_budget(site)
        after = site.held()
        assert after[self.DECREASE] == before[self.DECREASE]
        held_back = [
            name
            for name, each in wanted.items()
            if each["allocation_delta_seconds"] > 0 and after[name] != each["new_allocation_seconds"]
        ]
        assert held_back
        for name in held_back:
            assert after[name] == before[name]
            assert f"held back: {name} (" in run.stderr
        assert f"FAILED: {self.DECREASE} (" in run.stderr
        done = [name for name, each in wanted.items() if after[name] == each["new_allocation_seconds"]]
        assert len(done) == len(wanted) - 1 - len(held_back)

    def test_a_run_after_it_finishes_the_job(self, site: Site) -> None:
        site.sandbox.inject(f"patch:{self.DECREASE}=403")
        site.qauvern("optimize", "--yes", exits=3)
        site.sandbox.clear_faults()
        site.qauvern("optimize", "--yes")
        assert "Nothing to change" in site.qauvern("optimize", "--yes").stderr
        assert keeps_budget(site)

    def test_a_write_that_is_accepted_and_does_not_take_is_named(self, site: Site) -> None:
        before = site.held()
        site.sandbox.inject(f"patch:{self.INCREASE}=ignored")
        run = site.qauvern("optimize", "--yes", exits=3)
        assert f"FAILED: {self.INCREASE} (" in run.stderr
        assert "did not take" in run.stderr
        assert site.held()[self.INCREASE] == before[self.INCREASE]

    def test_a_write_whose_answer_was_lost_is_read_back_not_repeated(self, site: Site) -> None:
        wanted = to_change(site)
        site.sandbox.inject("patch:2=cut-after", "patch:5=500-applied")
        run = site.qauvern("optimize", "--yes")
        assert sorted(patched(run)) == sorted(each["crn"] for each in wanted.values())

    @pytest.mark.parametrize("fault", ["429:1", "500:1", "cut-before:1", "refuse:1"])
    def test_a_passing_fault_is_overcome(self, site: Site, fault: str) -> None:
        wanted = to_change(site)
        site.sandbox.inject(f"patch:{self.INCREASE}={fault}")
        run = site.qauvern("optimize", "--yes")
        assert site.held()[self.INCREASE] == wanted[self.INCREASE]["new_allocation_seconds"]
        assert patched(run).count(wanted[self.INCREASE]["crn"]) == 2

    def test_an_instance_that_cannot_be_read_is_not_written(self, site: Site) -> None:
        crn = site.crn_of(self.DECREASE)
        site.sandbox.inject(f"get:{self.DECREASE}=403")
        run = site.qauvern("optimize", "--yes", exits=3)
        assert crn not in patched(run)
        assert f"FAILED: {self.DECREASE} (" in run.stderr
        assert keeps_budget(site)


class TestFailedReads:
    """A proposal takes all its reads: when one fails nothing is written."""

    @pytest.mark.parametrize("command", [["analyze"], ["optimize", "--yes"], ["show"]], ids=" ".join)
    @pytest.mark.parametrize(
        ("fault", "names"),
        [
            pytest.param("analytics=500", "500", id="analytics"),
            pytest.param("usage:logistics-routing=500", "logistics-routing", id="usage of one instance"),
            pytest.param("account=503", "503", id="account"),
            pytest.param("list=502", "502", id="list"),
            pytest.param("token=500", "500", id="token"),
            pytest.param("usage:logistics-routing=html", "logistics-routing", id="html instead of JSON"),
            pytest.param("analytics=truncated", "usage", id="half of the JSON"),
            pytest.param("list:1=cut-before", "", id="passing cut"),
        ],
    )
    @pytest.mark.usefixtures("no_waiting")
    def test_it_is_named_and_nothing_is_written(self, site: Site, command: list[str], fault: str, names: str) -> None:
        site.sandbox.inject(fault)
        passes = names == ""
        run = site.qauvern(*command, exits=0 if passes else 1)
        assert names in run.stderr
        assert passes or (run.writes == [] and run.stdout == "")

    @pytest.mark.usefixtures("no_waiting")
    def test_tokens_that_end_early_are_renewed(self, site: Site) -> None:
        site.sandbox.inject("usage:3=401")
        assert site.qauvern("show").kinds.count("token") == 2

    def test_a_key_that_is_not_taken_is_told_and_not_shown(self, site: Site) -> None:
        run = site.qauvern("show", env={"IBMCLOUD_API_KEY": "a-wrong-one-4711"}, exits=1)
        assert "API key" in run.stderr
        assert "4711" not in run.output

    def test_without_a_key_it_says_how_to_give_one(self, site: Site) -> None:
        del site.qauvern.environment["IBMCLOUD_API_KEY"]
        run = site.qauvern("show", exits=1)
        assert "IBMCLOUD_API_KEY" in run.stderr
        assert run.requests == ()

    @pytest.mark.usefixtures("no_waiting")
    def test_an_endpoint_where_nobody_listens_points_to_the_variables(self, site: Site) -> None:
        run = site.qauvern("show", env={"IBMCLOUD_IAM_API_ENDPOINT": "http://127.0.0.1:1/iam"}, exits=1)
        assert "refused" in run.stderr
        assert "API_ENDPOINT" in run.stderr

    def test_another_accounts_config_is_refused(self, site: Site) -> None:
        text = site.config.read_text().replace(site.sandbox.account_id, "f" * 32)
        site.write_config(text)
        run = site.qauvern("optimize", "--yes", exits=1)
        # whether the account or the list is answered first
        assert f"of account {site.sandbox.account_id}, but the config file is for account {'f' * 32}" in run.stderr
        assert run.writes == []


class TestInterrupted:
    @pytest.mark.skipif(os.name != "posix", reason="sends a signal")
    def test_ctrl_c_ends_with_130_and_names_what_was_not_started(self, site: Site) -> None:
        site.sandbox.inject("patch=slow:0.4")
        with site.start("--concurrency", "2", "optimize", "--yes") as process:
            _until_a_write_arrives(site)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=30)
        assert process.returncode == 130, stderr
        assert "Traceback" not in stderr
        assert "not started" in stdout
        assert re.search(r"not started: \d+ changes \(.*chem-catalysis", stderr)
        writes = [record for record in site.sandbox.requests if record.kind == "patch"]
        assert 0 < len(writes) < len(site.configuration()["instances"])
        assert keeps_budget(site)


def _until_a_write_arrives(site: Site) -> None:
    """Until a write has been answered: with one more in flight by then."""
    deadline = time.monotonic() + 20
    while not any(record.kind == "patch" for record in site.sandbox.requests):
        assert time.monotonic() < deadline, "no write came"
        time.sleep(0.02)


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
class TestReaderGoesAway:
    @pytest.mark.parametrize("options", [[], ["-v"]], ids=["quietly", "-v"])
    def test_while_it_writes_the_run_goes_on_to_its_end(self, site: Site, options: list[str]) -> None:
        wanted = to_change(site)
        site.sandbox.inject("patch=slow:0.1")
        with site.start(*options, "--concurrency", "4", "optimize", "--yes") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            _until_a_write_arrives(site)
            process.stdout.close()
            process.stderr.close()
            exit_code = process.wait(30)
        assert site.held().items() >= {name: each["new_allocation_seconds"] for name, each in wanted.items()}.items()
        assert exit_code == 0

    def test_after_a_failing_write_the_exit_status_still_says_so(self, site: Site) -> None:
        site.sandbox.inject("patch=slow:0.1", "patch:automotive-battery=403")
        with site.start("optimize", "--yes") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            _until_a_write_arrives(site)
            process.stdout.close()
            process.stderr.close()
            assert process.wait(30) == 3
