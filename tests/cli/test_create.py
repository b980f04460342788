"""create: provisions an instance, once."""

from __future__ import annotations

import pytest

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
        assert "No --allocation" in run.stderr
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
        run = site.qauvern("create", name, *OPTIONS, "-a", "60")
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
            pytest.param(["ok", *OPTIONS, "-a", "ten"], "duration", id="no duration"),
            pytest.param(["ok", *OPTIONS, "-a", "0.5s"], "whole", id="fraction of a second"),
            pytest.param([*OPTIONS], "NAME", id="no name"),
        ],
    )
    def test_bad_usage_is_refused_before_any_request(self, site: Site, arguments: list[str], names: str) -> None:
        run = site.qauvern("create", *arguments, exits=2)
        assert names in run.stderr
        assert run.requests == ()
