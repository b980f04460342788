"""create: provisions an instance, once."""

from __future__ import annotations

import json

import pytest

from qauvern.config import load
from tests.helpers.cli import Site

OPTIONS = ["--target", "eu-de", "--resource-group", "default", "--plan", "premium"]


class TestCreate:
    def test_prints_the_crn_alone_and_the_instance_is_there(self, site: Site) -> None:
        run = site.qauvern("create", "new-team", *OPTIONS, "--allocation", "10m", "--limit", "1h", "--tag", "a")
        created = site.live()["new-team"]
        assert run.stdout == created["crn"] + "\n"
        assert created["crn"].split(":")[5] == "eu-de"
        assert created["extensions"]["usage_allocation_seconds"] == 600
        assert created["extensions"]["instance_limit_seconds"] == 3600

    def test_without_allocation_none_is_sent_and_it_says_so(self, site: Site) -> None:
        run = site.qauvern("create", "new-team", *OPTIONS)
        assert "none is sent" in run.stderr
        assert "Created new-team in eu-de: allocation none" in run.stderr
        (post,) = run.writes
        assert "usage_allocation_seconds" not in post.body.get("parameters", {})
        assert "instance_limit_seconds" not in post.body.get("parameters", {})

    @pytest.mark.parametrize("fault", ["create=cut-after", "create=500-applied"])
    def test_a_lost_answer_is_looked_up_by_name_never_sent_twice(self, site: Site, fault: str) -> None:
        site.sandbox.inject(fault)
        run = site.qauvern("create", "new-team", *OPTIONS, "-a", "60")
        assert run.kinds.count("create") == 1
        assert run.stdout == site.live()["new-team"]["crn"] + "\n"
        assert "answer was lost" in run.stderr

    def test_a_namesake_is_not_taken_for_the_new_one(self, site: Site) -> None:
        (name,) = site.sandbox.describe()["archived_names"]
        old = site.archived_crn()
        site.sandbox.inject("create=cut-after")
        run = site.qauvern("create", name, *OPTIONS, "-a", "60", "--allow-duplicate-name")
        assert run.stdout.strip().startswith("crn:")
        assert run.stdout.strip() != old
        assert "tell them apart" in run.stderr

    def test_a_refusal_is_told_in_ibms_words(self, site: Site) -> None:
        site.sandbox.inject("create=409")
        run = site.qauvern("create", "new-team", *OPTIONS, "-a", "60", exits=1)
        assert "told to answer 409" in run.stderr
        assert run.stdout == ""
        assert run.kinds.count("create") == 1

    def test_more_than_the_account_has_left_fails_and_says_so(self, site: Site) -> None:
        run = site.qauvern("create", "new-team", *OPTIONS, "-a", "90qau", exits=1)
        assert run.stdout == ""
        assert site.sandbox.max_total_seconds() <= site.sandbox.budget_seconds()

    def test_a_member_may_not(self, site: Site) -> None:
        site.as_member()
        run = site.qauvern("create", "new-team", *OPTIONS, exits=1)
        assert "new-team" in run.stderr
        assert "new-team" not in site.live()

    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            pytest.param(["a/b", *OPTIONS], "NAME", id="character that IBM refuses"),
            pytest.param(["x" * 181, *OPTIONS], "180", id="too long"),
            pytest.param(["", *OPTIONS], "NAME", id="empty"),
            pytest.param(["ok"], "--target", id="no target"),
            pytest.param(["ok", *OPTIONS, "-a", "0"], "archive", id="allocation that archives"),
            pytest.param(["ok", *OPTIONS, "-l", "0"], "--limit", id="limit of nothing"),
            pytest.param(["ok", *OPTIONS, "-a", "ten"], "duration", id="no duration"),
            pytest.param(["ok", *OPTIONS, "-a", "0.5s"], "whole", id="fraction of a second"),
            pytest.param([*OPTIONS], "NAME", id="no name"),
        ],
    )
    def test_bad_usage_is_refused_before_any_request(self, site: Site, arguments: list[str], names: str) -> None:
        run = site.qauvern("create", *arguments, exits=2)
        assert names in run.stderr
        assert run.requests == ()


class TestName:
    @pytest.mark.parametrize("is_archived", [False, True], ids=["in use", "archived"])
    def test_one_that_is_taken_is_refused(self, site: Site, is_archived: bool) -> None:
        (archived,) = site.sandbox.describe()["archived_names"]
        run = site.qauvern("create", archived if is_archived else "chem-catalysis", *OPTIONS, exits=1)
        assert "create" not in run.kinds
        assert "--allow-duplicate-name" in run.stderr
        assert "No run" in site.qauvern("history").stderr

    def test_one_that_is_taken_can_be_allowed(self, site: Site) -> None:
        run = site.qauvern("create", "chem-catalysis", *OPTIONS, "-a", "60", "--allow-duplicate-name")
        assert run.stdout.strip() != site.crn_of("chem-catalysis")

    def test_the_same_creation_twice_makes_one_instance(self, site: Site) -> None:
        site.qauvern("create", "new-team", *OPTIONS, "-a", "60")
        assert "create" not in site.qauvern("create", "new-team", *OPTIONS, "-a", "60", exits=1).kinds


class TestDryRun:
    def test_says_what_would_be_made_and_creates_nothing(self, site: Site) -> None:
        run = site.qauvern("create", "new-team", *OPTIONS, "-a", "10m", "--tag", "team", "--dry-run")
        assert all(said in run.stdout for said in ("new-team", "eu-de", "premium", "default", "600 s", "team"))
        assert run.writes == []
        assert "No run" in site.qauvern("history").stderr

    def test_refuses_what_the_run_would_refuse(self, site: Site) -> None:
        site.qauvern("create", "chem-catalysis", *OPTIONS, "--dry-run", exits=1)


class TestJournal:
    def test_history_shows_what_was_made(self, site: Site) -> None:
        crn = site.qauvern("create", "new-team", *OPTIONS, "-a", "600").stdout.strip()
        (listed,) = site.qauvern("history", "--format", "json").json()["runs"]
        assert (listed["kind"], listed["ended"], listed["account_id"]) == (
            "create",
            "complete",
            site.sandbox.account_id,
        )
        assert listed["creation"]["crn"] == crn
        assert listed["creation"]["asked"] == listed["creation"]["actual"]
        shown = site.qauvern("history", listed["run"]).stdout
        assert "created new-team" in shown
        assert crn in shown

    @pytest.mark.parametrize(("fault", "ended"), [("create=409", "failed"), ("create=cut-before", "partial")])
    @pytest.mark.usefixtures("no_waiting")
    def test_tells_what_was_not_made_from_what_is_in_doubt(
        self, site: Site, fault: str, ended: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("qauvern.cloud.creation._FIRST_PAUSE_SECONDS", 0.001)
        site.sandbox.inject(fault)
        site.qauvern("create", "new-team", *OPTIONS, "-a", "600", exits=1)
        (listed,) = site.qauvern("history", "--format", "json").json()["runs"]
        assert (listed["ended"], listed["account_id"]) == (ended, None)
        assert (listed["creation"]["crn"], listed["creation"]["actual"]) == (None, None)
        assert listed["creation"]["detail"]

    def test_undo_passes_over_it(self, site: Site) -> None:
        site.qauvern("optimize", "--yes")
        before = site.qauvern("history", "--format", "json").json()["runs"][0]["run"]
        site.qauvern("create", "new-team", *OPTIONS)
        assert before in site.qauvern("undo", "--dry-run").stdout

    def test_undo_refuses_it_by_name(self, site: Site) -> None:
        site.qauvern("create", "new-team", *OPTIONS)
        (listed,) = site.qauvern("history", "--format", "json").json()["runs"]
        run = site.qauvern("undo", listed["run"], "--yes", exits=1)
        assert run.writes == []
        assert "new-team" in site.live()

    def test_one_that_was_cut_off_is_told_once(self, site: Site) -> None:
        site.qauvern("create", "new-team", *OPTIONS)
        (path,) = (site.folder / "state" / "qauvern" / "runs").glob("*.jsonl")
        start = json.loads(path.read_text().splitlines()[0])
        path.write_text(json.dumps({**start, "pid": 2**30}) + "\n")
        assert "may be there or not" in site.qauvern("optimize", "--yes").stderr
        assert "may be there or not" not in site.qauvern("optimize", "--yes").stderr

    def test_nothing_is_created_without_a_journal(self, site: Site) -> None:
        (site.folder / "state").write_text("in the way")
        assert "create" not in site.qauvern("create", "new-team", *OPTIONS, exits=1).kinds


class TestGroup:
    @pytest.fixture
    def grouped(self, site: Site) -> Site:
        text = "groups:\n  - name: chemistry  # two labs\n  - name: physics\n"
        first = site.configuration()["instances"][0]
        site.write_config(
            f"account_id: {site.sandbox.account_id}\nplan: premium\nminimum_allocation_seconds: 60\n{text}"
            f"instances:\n  - name: {first['name']}\n    crn: '{first['crn']}'\n    group: physics\n"
        )
        return site

    def test_adds_it_to_the_config_file_and_leaves_every_other_line(self, grouped: Site) -> None:
        before = grouped.config.read_text()
        crn = grouped.qauvern(
            "create", "new-team", *OPTIONS, "-a", "60", "-l", "1h", "--group", "chemistry"
        ).stdout.strip()
        assert grouped.config.read_text().startswith(before)
        assert (grouped.folder / "config.yaml.bak").read_text() == before
        entry = load(grouped.config).instances[-1]
        assert (entry.name, entry.crn, entry.limit_seconds, entry.group) == ("new-team", crn, 3600, "chemistry")
        assert "new-team" not in grouped.qauvern("update", "--dry-run").stderr

    @pytest.mark.parametrize(
        ("arguments", "config", "names"),
        [
            pytest.param(["--group", "chemisty"], "config.yaml", "'chemistry'", id="no such group"),
            pytest.param(["--group", "physics", "-p", "paygo"], "config.yaml", "paygo", id="another plan"),
            pytest.param(["--group", "physics"], "absent.yaml", "absent.yaml", id="no config file"),
        ],
    )
    def test_what_cannot_be_added_is_refused_before_anything_is_created(
        self, grouped: Site, arguments: list[str], config: str, names: str
    ) -> None:
        before = grouped.config.read_text()
        run = grouped.qauvern("create", "new-team", *OPTIONS, *arguments, "-c", config, exits=2)
        assert names in run.stderr
        assert run.requests == ()
        assert grouped.config.read_text() == before

    def test_a_dry_run_leaves_the_config_file_alone(self, grouped: Site) -> None:
        before = grouped.config.read_text()
        assert grouped.qauvern("create", "new-team", *OPTIONS, "--group", "physics", "--dry-run").writes == []
        assert grouped.config.read_text() == before
