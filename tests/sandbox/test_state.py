"""The sandbox on disk: kept between commands, locked, and clear about damage."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qauvern.sandbox import Sandbox, SandboxBusy, SandboxDamaged, SandboxError

if TYPE_CHECKING:
    from tests.sandbox.conftest import Serve


class TestPersistence:
    def test_a_later_process_finds_what_an_earlier_one_left(self, serve: Serve, tmp_path: Path) -> None:
        client = serve(seed=7, folder=tmp_path).log_in()
        found = client.named("finance-portfolio")
        client.patch(found["crn"], usage_allocation_seconds="1234", instance_limit_seconds="99")
        request = {
            "name": "new-team",
            "target": "eu-de",
            "resource_group": "g",
            "resource_plan_id": found["resource_plan_id"],
        }
        client.rc("POST", json=request)
        left, order = client.sandbox.describe(), [i["crn"] for i in client.list()]
        configuration = client.sandbox.default_configuration()
        client.sandbox.close()
        with Sandbox.open(tmp_path) as again:
            assert again.describe() == left
            assert again.default_configuration() == configuration
            assert again.applied_changes == []
            later = serve(again).log_in()
            assert [i["crn"] for i in later.list()] == order
            assert later.named("finance-portfolio")["extensions"]["usage_allocation_seconds"] == 1234

    def test_an_operation_in_progress_ends_after_a_restart(self, serve: Serve, tmp_path: Path) -> None:
        client = serve(folder=tmp_path, operation_delay=0.05).log_in()
        crn = client.named("finance-portfolio")["crn"]
        client.patch(crn, usage_allocation_seconds="1234")
        client.sandbox.close()
        again = serve(Sandbox.open(tmp_path)).log_in()
        for _ in range(500):
            if again.get(crn)["last_operation"]["state"] == "succeeded":
                break
        assert again.get(crn)["extensions"]["usage_allocation_seconds"] == 1234
        assert len(again.sandbox.applied_changes) == 1

    def test_changes_are_on_disk_before_they_are_answered(self, serve: Serve, tmp_path: Path) -> None:
        client = serve(folder=tmp_path).log_in()
        crns = [found["crn"] for found in client.list()]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda crn: client.patch(crn, usage_allocation_seconds="77"), crns))
        assert (tmp_path / "state.json").read_text().count('"usage_allocation_seconds":77,') == len(crns)
        assert not list(tmp_path.glob("*.tmp"))

    def test_creating_starts_afresh(self, tmp_path: Path) -> None:
        Sandbox.create(instances=5, folder=tmp_path).close()
        (tmp_path / "state.json").write_text("left over")
        Sandbox.create(instances=6, folder=tmp_path).close()
        with Sandbox.open(tmp_path) as again:
            assert again.describe()["instances"] == 6

    def test_opening_an_empty_folder_creates_the_default_account(self, tmp_path: Path) -> None:
        with Sandbox.open(tmp_path / "new" / "folder") as made:
            assert made.describe()["instances"] == 24
            account_id = made.account_id
        with Sandbox.open(tmp_path / "new" / "folder") as again:
            assert again.account_id == account_id


class TestLock:
    def test_a_second_command_is_told_that_another_uses_the_sandbox(self, tmp_path: Path) -> None:
        with Sandbox.create(folder=tmp_path):
            with pytest.raises(SandboxBusy, match="another command uses the sandbox"):
                Sandbox.open(tmp_path)
            with pytest.raises(SandboxBusy):
                Sandbox.create(folder=tmp_path)
        Sandbox.open(tmp_path).close()

    def test_without_fcntl_the_lock_is_a_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "fcntl", None)
        with Sandbox.create(folder=tmp_path), pytest.raises(SandboxBusy):
            Sandbox.open(tmp_path)
        Sandbox.open(tmp_path).close()


class TestDamage:
    @pytest.mark.parametrize("name", ["account.json", "state.json"])
    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 99}', '{"format": 1, "instances": [3]}'])
    def test_a_damaged_file_is_said_to_be_so_and_frees_the_lock(self, tmp_path: Path, name: str, text: str) -> None:
        Sandbox.create(folder=tmp_path).close()
        (tmp_path / name).write_text(text)
        for _ in range(2):
            with pytest.raises(SandboxDamaged):
                Sandbox.open(tmp_path)
        Sandbox.create(folder=tmp_path).close()
        Sandbox.open(tmp_path).close()

    def test_a_folder_that_cannot_be_made_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SandboxError, match="cannot make"):
            Sandbox.open(tmp_path / "file" / "folder")
