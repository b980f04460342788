"""configure: a config file from the live account."""

from __future__ import annotations

from pathlib import Path

import pytest

from qauvern.config import load
from qauvern.model import LimitRule
from tests.helpers.cli import Site


def account_options(site: Site) -> list[str]:
    return ["--account-id", site.sandbox.account_id, "--plan", "premium"]


class TestNewFile:
    @pytest.fixture
    def output(self, tmp_path: Path) -> Path:
        return tmp_path / "new.yaml"

    def test_has_every_instance_in_use_by_name_with_its_live_limit(self, site: Site, output: Path) -> None:
        run = site.qauvern("configure", *account_options(site), "--output", output)
        live = site.live()
        in_use = {
            name: each["extensions"]["instance_limit_seconds"]
            for name, each in live.items()
            if each["extensions"]["usage_allocation_seconds"] != 0
        }
        settings = load(output)
        assert [each.name for each in settings.instances] == sorted(in_use)
        assert {each.name: each.limit_seconds for each in settings.instances} == {
            name: LimitRule.LIVE if limit is None else limit for name, limit in in_use.items()
        }
        assert settings.minimum_allocation_seconds == 60
        assert f"{len(in_use)} instances ({len(live) - len(in_use)} archived left out)" in run.stderr
        assert len(in_use) < len(live), "the account has an archived instance to leave out"
        assert run.stdout == ""
        assert run.writes == []

    def test_region_takes_only_the_instances_there(self, site: Site, output: Path) -> None:
        site.qauvern("configure", *account_options(site), "--region", "eu-de", "--output", output)
        assert {each.crn.region for each in load(output).instances} == {"eu-de"}

    def test_a_region_without_instances_is_an_error_that_names_those_with_some(self, site: Site, output: Path) -> None:
        run = site.qauvern("configure", *account_options(site), "--region", "mars-1", "-o", output, exits=1)
        assert "mars-1" in run.stderr
        assert "us-east" in run.stderr
        assert not output.exists()

    def test_a_balance_period_adds_the_period_column(self, site: Site, output: Path) -> None:
        period = ["--balance-start", "2026-01-01T00:00:00Z", "--balance-end", "2026-07-01T02:00:00+02:00"]
        site.qauvern("configure", *account_options(site), *period, "-o", output)
        (start, end) = {
            (each.period.start_date, each.period.end_date) for each in load(output).instances if each.period
        }.pop()
        assert (start.isoformat(), end and end.isoformat()) == (
            "2026-01-01T00:00:00+00:00",
            "2026-07-01T00:00:00+00:00",
        )
        assert "Period" in site.qauvern("show", "--config", output, columns=200).stdout

    def test_another_accounts_id_is_refused(self, site: Site, output: Path) -> None:
        run = site.qauvern("configure", "-a", "0" * 32, "-p", "premium", "-o", output, exits=1)
        assert site.sandbox.account_id in run.stderr
        assert not output.exists()

    def test_a_folder_that_is_not_there_is_an_error_that_names_it(self, site: Site, tmp_path: Path) -> None:
        run = site.qauvern("configure", *account_options(site), "-o", tmp_path / "absent" / "c.yaml", exits=1)
        assert "absent" in run.stderr


class TestExistingFile:
    OLD = "# mine\n"

    @pytest.fixture(autouse=True)
    def existing(self, site: Site) -> Path:
        return site.write_config(self.OLD)

    def test_without_a_terminal_it_is_left_alone(self, site: Site) -> None:
        run = site.qauvern("configure", *account_options(site), exits=2)
        assert "--force" in run.stderr
        assert site.config.read_text() == self.OLD
        assert run.requests == ()

    def test_no_at_the_terminal_leaves_it_alone(self, site: Site) -> None:
        run = site.qauvern("configure", *account_options(site), answers="n\n")
        assert "Nothing was written" in run.stderr
        assert site.config.read_text() == self.OLD

    def test_yes_at_the_terminal_replaces_it(self, site: Site) -> None:
        site.qauvern("configure", *account_options(site), answers="y\n")
        assert load(site.config).account_id == site.sandbox.account_id

    def test_force_replaces_it_without_a_question(self, site: Site) -> None:
        site.qauvern("configure", *account_options(site), "--force")
        assert load(site.config).account_id == site.sandbox.account_id

    def test_a_failing_account_leaves_it_as_it_was(self, site: Site) -> None:
        site.sandbox.inject("list=403")
        site.qauvern("configure", *account_options(site), "--force", exits=1)
        assert site.config.read_text() == self.OLD


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        pytest.param(["-p", "premium"], "--account-id", id="no account id"),
        pytest.param(["-a", "x"], "--plan", id="no plan"),
        pytest.param(["-a", "x", "-p", "gold"], "gold", id="unknown plan"),
        pytest.param(["-a", "x", "-p", "premium", "--balance-end", "2026-01-01T00:00:00Z"], "--balance-start"),
        pytest.param(
            ["-a", "x", "-p", "premium", "--balance-start", "2026-01-01"], "2026-01-01T00:00:00Z", id="no offset"
        ),
        pytest.param(["-a", "x", "-p", "premium", "--balance-start", "soon"], "ISO 8601", id="no date"),
        pytest.param(
            [
                *("-a", "x", "-p", "premium"),
                *("--balance-start", "2026-01-02T00:00:00Z", "--balance-end", "2026-01-01T00:00:00Z"),
            ],
            "after",
            id="ends before it starts",
        ),
    ],
)
def test_bad_usage_is_refused_before_any_request(site: Site, arguments: list[str], names: str) -> None:
    run = site.qauvern("configure", *arguments, "-o", "other.yaml", exits=2)
    assert names in run.stderr
    assert run.requests == ()
