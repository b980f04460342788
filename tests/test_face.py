"""`import qauvern`: what notebooks and scripts use, against the sandbox account."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import qauvern
from qauvern.actions.account import Account
from qauvern.actions.analyze import BrokenProposal
from qauvern.actions.apply import NotApplicable, RunStatus, Verdict
from qauvern.apply import Locked, NoSuchRun, run_lock
from qauvern.model import Crn, Guardrails, Settings
from qauvern.plan import BadSelection
from tests.helpers.cli import Qauvern

NAMES = {"QauvernError", "Sandbox", "analyze", "apply", "connect", "history", "load_settings", "undo"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"QAUVERN_STATE_DIR": str(tmp_path)}


@pytest.fixture
def command_line(request: pytest.FixtureRequest) -> Qauvern:
    made = request.getfixturevalue("qauvern")
    assert isinstance(made, Qauvern)
    return made


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return qauvern.load_settings(sandbox=True, environ=environ)


def sandbox(environ: Mapping[str, str]) -> Account:
    return qauvern.connect(sandbox=True, environ=environ)


def held(environ: Mapping[str, str], settings: Settings) -> dict[Crn, int | None]:
    with sandbox(environ) as account:
        return {each.crn: each.allocation_seconds for each in account.client.list_instances(settings.plan)}


class TestNames:
    def test_are_those_of_the_documents_each_with_its_own(self) -> None:
        assert set(qauvern.__all__) == NAMES
        assert set(dir(qauvern)) >= NAMES
        for name in NAMES:
            assert inspect.getdoc(getattr(qauvern, name))

    def test_others_are_not_there(self) -> None:
        with pytest.raises(AttributeError, match="nonsense"):
            qauvern.nonsense  # noqa: B018

    @pytest.mark.parametrize("first", ["", "import qauvern.apply", "from qauvern.apply import Locked", "qauvern.undo"])
    def test_apply_is_called_whether_or_not_its_package_was_imported(self, first: str) -> None:
        code = f"import qauvern\n{first}\nimport inspect\nprint(*inspect.signature(qauvern.apply).parameters)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split()[:4] == ["account", "analysis", "only", "message"]

    def test_importing_it_imports_next_to_nothing(self) -> None:
        code = "import sys; before = set(sys.modules); import qauvern; print(*sorted(set(sys.modules) - before))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert [name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names] == [
            "qauvern"
        ]


class TestAnalyze:
    def test_gives_the_records_of_the_json(
        self, command_line: Qauvern, environ: dict[str, str], settings: Settings
    ) -> None:
        document = command_line("--sandbox", "analyze", "--format", "json", env=environ).json()
        with sandbox(environ) as account:
            analysis = qauvern.analyze(account, settings)
        records = json.loads(json.dumps(analysis.to_records()))
        assert [set(record) for record in records] == [set(each) for each in document["instances"]]
        assert [record["name"] for record in records] == [each["name"] for each in document["instances"]]
        stable = ("new_allocation_seconds", "new_limit_seconds", "limit_breakdown", "allocation_change_reason")
        assert [[record[key] for key in stable] for record in records] == [
            [each[key] for key in stable] for each in document["instances"]
        ]

    def test_works_without_a_block_too(self, environ: dict[str, str], settings: Settings) -> None:
        account = sandbox(environ)
        assert qauvern.analyze(account, settings).changes
        with pytest.raises(RuntimeError, match="with block"):
            account.client  # noqa: B018

    def test_tells_of_progress_by_callback_alone(
        self, environ: dict[str, str], settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        told: list[tuple[str, int, int]] = []
        with qauvern.connect(
            sandbox=True, environ=environ, progress=lambda doing, done, of: told.append((doing, done, of))
        ) as account:
            qauvern.analyze(account, settings)
        assert told[-1][1] == told[-1][2] > len(settings.instances)
        assert capsys.readouterr() == ("", "")


class TestApply:
    def test_writes_all_changes_with_a_message_and_undo_takes_them_back(
        self, environ: dict[str, str], settings: Settings
    ) -> None:
        before = held(environ, settings)
        with sandbox(environ) as account:
            analysis = qauvern.analyze(account, settings)
            run = qauvern.apply(account, analysis, message="a fair share")
            assert run.status is RunStatus.COMPLETE
            assert {outcome.change.crn for outcome in run.outcomes} == {change.crn for change in analysis.changes}
            assert not qauvern.analyze(account, settings).changes
            undone = qauvern.undo(account, settings, str(run.run_id))
        assert undone.status is RunStatus.COMPLETE
        assert held(environ, settings) == before
        first, second = qauvern.history(sandbox=True, environ=environ)
        assert (first.run_id, first.message, first.ended) == (run.run_id, "a fair share", "complete")
        assert (second.undoes, second.message) == (run.run_id, "")

    def test_only_the_chosen_by_name_crn_or_guid(self, environ: dict[str, str], settings: Settings) -> None:
        before = held(environ, settings)
        with sandbox(environ) as account:
            analysis = qauvern.analyze(account, settings)
            one, two, three = [change for change in analysis.changes if change.allocation_delta < 0][:3]
            run = qauvern.apply(account, analysis, only=[one.name, two.crn, three.crn.guid])
        assert {outcome.change.crn for outcome in run.outcomes} == {one.crn, two.crn, three.crn}
        assert {crn for crn, now in held(environ, settings).items() if now != before[crn]} == {
            one.crn,
            two.crn,
            three.crn,
        }

    def test_an_increase_that_needs_what_others_hold_is_held_back(
        self, environ: dict[str, str], settings: Settings
    ) -> None:
        with sandbox(environ) as account:
            analysis = qauvern.analyze(account, settings)
            raised = [change.crn for change in analysis.changes if change.allocation_delta > 0]
            run = qauvern.apply(account, analysis, only=raised)
        assert run.status is RunStatus.PARTIAL
        assert {outcome.result.value for outcome in run.outcomes} >= {"held back"}

    def test_nothing_to_do(self, environ: dict[str, str], settings: Settings) -> None:
        with sandbox(environ) as account:
            analysis = qauvern.analyze(account, settings)
            run = qauvern.apply(account, analysis, only=[])
        assert (run.status, run.run_id, run.outcomes) == (RunStatus.NOTHING_TO_DO, None, ())
        assert qauvern.history(sandbox=True, environ=environ) == []


class TestRefusals:
    """Nothing is written, and nothing is journalled."""

    @pytest.fixture(autouse=True)
    def untouched(self, environ: dict[str, str], settings: Settings) -> None:
        self.before = held(environ, settings)

    def refused(
        self, environ: dict[str, str], settings: Settings, error: type[Exception], make: Callable[[Account], object]
    ) -> pytest.ExceptionInfo[Exception]:
        runs = len(qauvern.history(sandbox=True, environ=environ))
        with sandbox(environ) as account, pytest.raises(error) as raised:
            make(account)
        assert held(environ, settings) == self.before
        assert len(qauvern.history(sandbox=True, environ=environ)) == runs
        return raised

    def test_of_an_account_that_has_changed_since(self, environ: dict[str, str], settings: Settings) -> None:
        with sandbox(environ) as account:
            analysis = qauvern.analyze(account, settings)
            change = analysis.changes[0]
            wanted = (change.before.allocation_seconds or 0) - 1
            account.client.write(change.crn, wanted, None, None)
            while account.client.read(change.crn).instance.allocation_seconds != wanted:
                time.sleep(0.01)
        self.before = held(environ, settings)
        raised = self.refused(environ, settings, NotApplicable, lambda account: qauvern.apply(account, analysis))
        assert isinstance(raised.value, NotApplicable)
        assert raised.value.verdict is Verdict.STALE
        assert change.name in raised.value.reasons[0]

    def test_by_a_guardrail(self, environ: dict[str, str], settings: Settings) -> None:
        guarded = replace(settings, guardrails=Guardrails(max_changes=1))
        raised = self.refused(
            environ,
            settings,
            NotApplicable,
            lambda account: qauvern.apply(account, qauvern.analyze(account, guarded)),
        )
        assert isinstance(raised.value, NotApplicable)
        assert raised.value.verdict is Verdict.REFUSED

    def test_of_a_broken_proposal(self, environ: dict[str, str], settings: Settings) -> None:
        impossible = replace(settings, minimum_allocation_seconds=10**9)
        self.refused(
            environ,
            settings,
            BrokenProposal,
            lambda account: qauvern.apply(account, qauvern.analyze(account, impossible)),
        )

    def test_of_a_preview(self, environ: dict[str, str], settings: Settings) -> None:
        self.refused(
            environ,
            settings,
            ValueError,
            lambda account: qauvern.apply(account, qauvern.analyze(account, settings, preview_date=date(2030, 1, 1))),
        )

    def test_of_an_instance_that_the_config_file_has_not(self, environ: dict[str, str], settings: Settings) -> None:
        self.refused(
            environ,
            settings,
            BadSelection,
            lambda account: qauvern.apply(account, qauvern.analyze(account, settings), only=["nobody"]),
        )

    def test_while_another_run_is_at_work(self, environ: dict[str, str], settings: Settings) -> None:
        folder = Path(environ["QAUVERN_STATE_DIR"]) / "sandbox"
        with run_lock(folder, settings.account_id, settings.plan):
            self.refused(
                environ,
                settings,
                Locked,
                lambda account: qauvern.apply(account, qauvern.analyze(account, settings)),
            )

    def test_to_undo_what_was_never_run(self, environ: dict[str, str], settings: Settings) -> None:
        self.refused(
            environ, settings, NoSuchRun, lambda account: qauvern.undo(account, settings, "20200101T000000Z-0000")
        )

    def test_of_the_sandbox_in_staging(self) -> None:
        with pytest.raises(ValueError, match="exclude"):
            qauvern.connect(sandbox=True, staging=True)


def test_the_variables_of_the_process_are_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    monkeypatch.setitem(os.environ, "QAUVERN_STATE_DIR", environ["QAUVERN_STATE_DIR"])
    qauvern.load_settings(sandbox=True)
    assert (tmp_path / "sandbox" / "config.yaml").exists()


def test_equal_names_are_a_python_warning(environ: dict[str, str], settings: Settings, tmp_path: Path) -> None:
    config = tmp_path / "sandbox" / "config.yaml"
    first, second = (each.name for each in settings.instances[:2])
    config.write_text(config.read_text().replace(f"name: {first}", f"name: {second}"))
    with pytest.warns(UserWarning, match=second):
        qauvern.load_settings(sandbox=True, environ=environ)
