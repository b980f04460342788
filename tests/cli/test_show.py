"""show: the account and its configured instances."""

from __future__ import annotations

import pytest

from tests.helpers.cli import Site, table_rows


class TestShow:
    def test_says_the_account_and_every_configured_instance(self, site: Site) -> None:
        shown = site.qauvern("show", columns=200)
        facts = site.sandbox.describe()
        assert f"{facts['budget_seconds']:,} s" in shown.stdout
        assert "Held by unconfigured instances" in shown.stdout
        names = [row[0] for row in table_rows(shown.stdout, ["Name"])]
        assert names == sorted(each["name"] for each in site.configuration()["instances"])
        assert shown.writes == []

    def test_held_by_unconfigured_is_what_is_neither_configured_nor_unallocated(self, site: Site) -> None:
        document = site.qauvern("show", "--format", "json").json()
        account = document["account"]
        held = sum(each["allocation_seconds"] for each in document["instances"])
        assert (
            account["unmanaged_allocation_seconds"]
            == account["allocation_budget_seconds"] - account["unallocated_seconds"] - held
        )
        assert account["unmanaged_allocation_seconds"] > 0

    def test_a_key_without_administrator_rights_is_told_so(self, site: Site) -> None:
        site.as_member()
        refused = site.qauvern("show", exits=1)
        assert refused.stdout == ""
        assert "administrator" in refused.stderr.lower()
        assert "instances" in refused.stderr

    @pytest.mark.parametrize("state", ["missing", "archived"])
    def test_a_configured_instance_that_is_missing_or_archived_is_shown_as_such(self, site: Site, state: str) -> None:
        configuration = site.configuration()
        target = configuration["instances"][0]
        target["crn"] = site.archived_crn() if state == "archived" else site.missing_crn()
        site.write_config(configuration)
        shown = site.qauvern("show", "--format", "json").json()
        assert {each["name"]: each["state"] for each in shown["instances"]}[target["name"]] == state
