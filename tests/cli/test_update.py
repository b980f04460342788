"""update: reconciles the config file with the live account, and keeps everything else in it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from qauvern.config import load, parse
from qauvern.model import InstanceSettings
from tests.helpers.cli import Qauvern, Run, Site

NEW = ("legacy-pilot", "visitor-access")
"""What the account has and the config file lacks."""
RENAMED, ARCHIVED, MISSING, UNLIMITED, GRANTED = (
    "aerospace-cfd",
    "agritech-pilot",
    "automotive-battery",
    "chem-catalysis",
    "climate-modelling",
)
STEPS = {
    "--no-add": 'name: "legacy-pilot',
    "--no-names": 'name: "aerospace, renamed',
    "--no-remove": "name: automotive-battery",
    "--no-limits": "limit_seconds: 4321",
    "--no-net-grants": "net_grant_seconds: 111",
}


def day(offset: int) -> str:
    return (datetime.now(timezone.utc).date() + timedelta(days=offset)).isoformat()


def yaml_text(configuration: dict[str, Any]) -> str:
    """A config file as a person writes it."""
    lines = [
        "# Quantum time of the institute",
        f"account_id: {configuration['account_id']}",
        "plan: premium   # since 2025",
        "minimum_allocation_seconds: 60",
        "instances:",
    ]
    for each in configuration["instances"]:
        lines += ["", f"  # the team of {each['name']}", f"  - name: {each['name']}  # in the account", "    # its CRN"]
        lines.append(f"    crn: '{each['crn']}'")
        lines += [f"    limit_seconds: {each['limit_seconds']}"] if "limit_seconds" in each else []
        lines += ["    net_grants:"] if "net_grants" in each else []
        for grant in each.get("net_grants", []):
            first, *rest = [f"{key}: {value}" for key, value in grant.items()]
            lines += [f"      - {first}", *(f"        {line}" for line in rest)]
    return "\n".join([*lines, "", "# the end", ""])


def grant(start: int, end: int, seconds: int) -> dict[str, Any]:
    return {
        "start_date": f"{day(start)}T00:00:00Z",
        "end_date": f"{day(end)}T00:00:00Z",
        "net_grant_seconds": seconds,
    }


class Drifted:
    """A site whose config file differs from the account in everything that update looks after."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.crns = {str(each["name"]): str(each["crn"]) for each in site.configuration()["instances"]}
        operator = site.sandbox.operator
        operator.put(RENAMED, name="aerospace, renamed")
        operator.put(UNLIMITED, limit_seconds=4321)
        operator.put(ARCHIVED, allocation_seconds=0)
        self.disappear(MISSING)
        configuration = site.configuration()
        for each in configuration["instances"]:
            if each["name"] == GRANTED:
                each |= {"limit_seconds": 10, "net_grants": [grant(-90, -60, 111), grant(-30, -5, 222)]}
        self.text = yaml_text(configuration)
        site.write_config(self.text)

    def disappear(self, *labels: str) -> None:
        self.site.sandbox.operator.remove(*(self.crns[label] for label in labels))

    def update(self, *arguments: str, exits: int = 0, answers: str | None = None) -> Run:
        return self.site.qauvern("update", *arguments, exits=exits, answers=answers)

    @property
    def now(self) -> str:
        return self.site.config.read_text()

    @property
    def backup(self) -> Path:
        return self.site.folder / "config.yaml.bak"

    @property
    def instances(self) -> dict[str, InstanceSettings]:
        return {each.name: each for each in load(self.site.config).instances}

    def assert_untouched(self) -> None:
        assert self.now == self.text
        assert sorted(each.name for each in self.site.folder.iterdir() if each.is_file()) == ["config.yaml"]


@pytest.fixture
def drifted(site: Site) -> Drifted:
    return Drifted(site)


class TestReconciles:
    def test_everything_at_once(self, drifted: Drifted) -> None:
        run = drifted.update("--yes")
        instances = drifted.instances
        assert set(NEW) <= set(instances)
        assert "aerospace, renamed" in instances
        assert not {RENAMED, ARCHIVED, MISSING} & set(instances)
        assert instances[UNLIMITED].limit_seconds == 4321
        assert [each.net_grant_seconds for each in instances[GRANTED].net_grants] == [222]
        assert run.writes == [], "the account is only read"
        assert "up to date" in drifted.update("--yes").stderr

    def test_what_it_does_not_touch_stays_to_the_byte(self, drifted: Drifted) -> None:
        drifted.update("--yes")
        old, new = drifted.text.splitlines(), drifted.now.splitlines()
        gone = [line for line in old if line not in new]
        assert {line.split(":")[0].strip(" -") for line in gone} == {
            *("name", "crn", "start_date", "end_date", "net_grant_seconds"),
        }
        assert len([line for line in gone if "name:" in line]) == 3, "the renamed, the archived and the missing one"
        kept = iter(new)
        assert all(line in kept for line in old if line not in gone and line != "    # its CRN")
        assert {"# Quantum time of the institute", "plan: premium   # since 2025", "# the end"} <= set(new)

    def test_says_each_change_and_why(self, drifted: Drifted) -> None:
        said, goes = drifted.update("--yes").stderr, day(-5 + 28)
        for line in (
            "Adds legacy-pilot (crn:",
            f"Removes {ARCHIVED} ({drifted.crns[ARCHIVED]}): archived.",
            f"Removes {MISSING} ({drifted.crns[MISSING]}): not in the account.",
            f"Renames {RENAMED} to aerospace, renamed ({drifted.crns[RENAMED]}).",
            f"Takes the live limit of {UNLIMITED} over: 4,321 s.",
            f"Drops the net grant of {GRANTED} from {day(-90)} to {day(-60)}: it can change no limit any more.",
            f"Keeps the net grant of {GRANTED} from {day(-30)} to {day(-5)}: it has ended and still counts, until",
            f" counts, until {goes}.",
        ):
            assert line in said

    def test_never_overwrites_a_limit(self, drifted: Drifted) -> None:
        drifted.update("--yes")
        drug_docking = drifted.instances["drug-docking"]
        assert drug_docking.limit_seconds == 5_000
        assert drifted.site.live()["drug-docking"]["extensions"]["instance_limit_seconds"] == 15_000

    def test_analyze_takes_the_outcome(self, drifted: Drifted) -> None:
        drifted.site.qauvern("analyze", exits=1)
        drifted.update("--yes")
        assert "Warning" not in drifted.site.qauvern("analyze").stderr

    @pytest.mark.parametrize("off", STEPS)
    def test_each_step_can_be_switched_off(self, drifted: Drifted, off: str) -> None:
        drifted.update("--yes", off)
        done = {
            step: (text in drifted.now) != (step in ("--no-remove", "--no-net-grants")) for step, text in STEPS.items()
        }
        assert done == {step: step != off for step in STEPS}

    def test_with_every_step_off_there_is_nothing_to_do(self, drifted: Drifted) -> None:
        assert "up to date" in drifted.update("--yes", *STEPS).stderr
        drifted.assert_untouched()


class TestRegion:
    def test_only_its_entries_are_touched(self, drifted: Drifted) -> None:
        drifted.update("--yes", "--region", "eu-de")
        before = {each.crn: each for each in parse(drifted.text.encode(), drifted.site.config).instances}
        after = {each.crn: each for each in load(drifted.site.config).instances}
        changed = {crn for crn in {*before, *after} if before.get(crn) != after.get(crn)}
        assert changed
        assert {crn.region for crn in changed} == {"eu-de"}

    def test_one_that_nobody_has_is_said(self, drifted: Drifted) -> None:
        run = drifted.update("--yes", "--region", "us-esat")
        assert "neither the config file nor the account has an instance in us-esat" in run.stderr
        drifted.assert_untouched()


class TestAsks:
    def test_shows_the_difference_before_it_asks(self, drifted: Drifted) -> None:
        run = drifted.update(answers="y\n")
        assert "--- config.yaml\n+++ config.yaml (new)\n@@" in run.stdout
        assert (
            f'-  - name: {RENAMED}  # in the account\n+  - name: "aerospace, renamed"  # in the account\n' in run.stdout
        )
        assert "+    limit_seconds: 4321\n" in run.stdout
        assert "Write config.yaml? [y/N]" in run.stderr
        assert drifted.now != drifted.text

    @pytest.mark.parametrize("answer", ["n\n", "\n"])
    def test_no_writes_nothing(self, drifted: Drifted, answer: str) -> None:
        run = drifted.update(answers=answer)
        assert "@@" in run.stdout
        assert "Nothing was written" in run.stderr
        drifted.assert_untouched()

    def test_without_a_terminal_it_ends_with_2(self, drifted: Drifted) -> None:
        run = drifted.update(exits=2)
        assert "--yes" in run.stderr
        assert "@@" in run.stdout
        drifted.assert_untouched()

    def test_a_dry_run_asks_nobody(self, drifted: Drifted) -> None:
        run = drifted.update("--dry-run", answers="y\n")
        assert "@@" in run.stdout
        assert "[y/N]" not in run.stderr
        drifted.assert_untouched()

    def test_a_file_that_changes_meanwhile_stays(self, drifted: Drifted, monkeypatch: pytest.MonkeyPatch) -> None:
        def somebody_else_edits(*_arguments: object, **_options: object) -> bool:
            drifted.site.config.write_text(drifted.text + "# mine\n")
            return True

        monkeypatch.setattr("qauvern.cli._say.confirmed", somebody_else_edits)
        run = drifted.update(exits=1)
        assert "was changed in the meantime" in run.stderr
        assert drifted.now == drifted.text + "# mine\n"


class TestWritesSafely:
    def test_the_old_file_stays_beside_it(self, drifted: Drifted) -> None:
        drifted.backup.write_text("an older one")
        drifted.update("--yes")
        assert drifted.backup.read_text() == drifted.text
        files = sorted(each.name for each in drifted.site.folder.iterdir() if each.is_file())
        assert files == ["config.yaml", "config.yaml.bak"]

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
    def test_both_keep_the_mode(self, drifted: Drifted, mode: int) -> None:
        drifted.site.config.chmod(mode)
        drifted.update("--yes")
        for path in (drifted.site.config, drifted.backup):
            assert stat.S_IMODE(path.stat().st_mode) == mode

    def test_a_symbolic_link_stays_one(self, drifted: Drifted) -> None:
        target = drifted.site.folder / "shared" / "qauvern.yaml"
        target.parent.mkdir()
        drifted.site.config.rename(target)
        drifted.site.config.symlink_to(target)
        drifted.update("--yes")
        assert drifted.site.config.is_symlink()
        assert target.read_text() != drifted.text
        assert drifted.backup.read_text() == drifted.text

    def test_a_backup_that_is_a_link_is_replaced_and_not_written_through(self, drifted: Drifted) -> None:
        elsewhere = drifted.site.folder / "elsewhere"
        elsewhere.write_text("not ours")
        drifted.backup.symlink_to(elsewhere)
        drifted.update("--yes")
        assert elsewhere.read_text() == "not ours"
        assert drifted.backup.read_text() == drifted.text

    @pytest.mark.parametrize(
        "failing",
        ["qauvern.files._replace", "qauvern.files._existing"],
        ids=["with the backup", "with the file itself"],
    )
    def test_a_full_disk_leaves_the_old_file(
        self, drifted: Drifted, monkeypatch: pytest.MonkeyPatch, failing: str
    ) -> None:
        def fails(*_arguments: object, **_options: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(failing, fails)
        assert "No space left" in drifted.update("--yes", exits=1).stderr
        assert drifted.now == drifted.text
        assert not list(drifted.site.folder.glob(".qauvern*"))

    def test_line_endings_and_a_byte_order_mark_stay(self, drifted: Drifted) -> None:
        old = b"\xef\xbb\xbf" + drifted.text.replace("\n", "\r\n").encode()
        drifted.site.config.write_bytes(old)
        drifted.update("--yes")
        new = drifted.site.config.read_bytes()
        assert new.startswith(b"\xef\xbb\xbf#")
        assert new.count(b"\n") == new.count(b"\r\n")
        assert drifted.backup.read_bytes() == old

    def test_a_layout_that_cannot_be_edited_is_said(self, drifted: Drifted) -> None:
        drifted.site.write_config(drifted.site.configuration())  # JSON: flow style
        before = drifted.now
        run = drifted.update("--yes", exits=1)
        assert "Edit the file by hand." in run.stderr
        assert drifted.now == before


@pytest.fixture
def two_pages(qauvern: Qauvern, tmp_path: Path) -> Iterator[Drifted]:
    """An account whose list comes in two pages."""
    from qauvern.sandbox import Sandbox

    with Sandbox.create(instances=130) as sandbox, sandbox.serve() as running:
        qauvern.environment.update(running.environment())
        qauvern.sandbox = sandbox
        yield Drifted(Site(sandbox, running, tmp_path, qauvern))


@pytest.mark.usefixtures("no_waiting")
class TestFaults:
    @pytest.mark.parametrize(
        "fault", ["list=500", "list:2+=500", "list:2+=truncated", "list:2+=html", "list:2+=cut-before", "list=403"]
    )
    def test_an_unreadable_page_changes_nothing(self, two_pages: Drifted, fault: str) -> None:
        two_pages.site.sandbox.inject(fault)
        run = two_pages.update("--yes", exits=1)
        assert "@@" not in run.stdout
        two_pages.assert_untouched()

    def test_both_pages_are_read(self, two_pages: Drifted) -> None:
        two_pages.update("--yes")
        listed = {
            each["crn"] for each in two_pages.site.live().values() if each["extensions"]["usage_allocation_seconds"]
        }
        assert {str(each.crn) for each in two_pages.instances.values()} == listed

    def test_a_suddenly_empty_list_changes_nothing(self, drifted: Drifted) -> None:
        drifted.site.sandbox.operator.remove(*(each["crn"] for each in drifted.site.live().values()))
        run = drifted.update("--yes", exits=1)
        assert "nothing was changed" in run.stderr
        drifted.assert_untouched()

    def test_so_does_one_of_which_no_instance_is_left(self, drifted: Drifted) -> None:
        drifted.disappear(*(set(drifted.crns) - {MISSING}))
        run = drifted.update("--yes", "--no-add", exits=1)
        assert "nothing was changed" in run.stderr
        drifted.assert_untouched()

    def test_a_bad_config_file_is_said_before_any_request(self, drifted: Drifted) -> None:
        drifted.site.write_config("plan: premium\n")
        assert drifted.update("--yes", exits=2).requests == ()
