"""The documents say what is: commands, options, keys, examples and links are held against the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from qauvern.apply import CUT_OFF, IN_DOUBT, UNDER_WAY, Result
from qauvern.cli import COMMANDS, group
from qauvern.config import load
from qauvern.config._sections import Section
from qauvern.render.outcomes import _LABELS
from tests.docs.consoles import ConsoleExample, Consoles, Step, console_examples
from tests.docs.worked_examples import RUNNERS, WorkedExample, worked_examples
from tests.helpers.cli import Qauvern

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "Design.md").read_text(encoding="utf-8")
DOCUMENTS = ["README.md", "Design.md", "CHANGELOG.md"]
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py")))


def section_of(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its rank or a higher one."""
    start = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert start, f"there is no heading {heading!r}"
    end = re.search(rf"^#{{1,{len(start[1])}}} ", text[start.end() :], re.MULTILINE)
    return text[start.end() :][: end.start() if end else None]


def names_option(text: str, option: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text) is not None


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its full name, subcommands of groups too, the group itself as an empty name."""

    def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield name, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for each in command.list_commands(context):
                inner = command.get_command(context, each)
                assert inner is not None
                yield from walk(f"{name} {each}".strip(), inner)

    return walk("", group)


def options_of(command: click.Command) -> list[str]:
    """All spellings of the command's options, --help included."""
    context = click.Context(command, **group.context_settings)
    return [
        spelling
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        for spelling in (*parameter.opts, *parameter.secondary_opts)
    ]


ALL_COMMANDS = dict(commands())
HELP = {"-h", "--help"}


class TestTheTwoCommands:
    def test_ci_runs_exactly_what_the_readme_says(self) -> None:
        def of(text: str) -> list[str]:
            return [line for line in text.splitlines() if line.startswith("python3 -m venv")]

        assert of(README) == of((ROOT / ".ci" / "run").read_text(encoding="utf-8"))
        assert of(README) == [
            "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/qauvern demo",
            "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
        ]

    def test_each_stands_alone_in_its_block(self) -> None:
        for command in re.findall(r"^python3 -m venv.*$", README, re.MULTILINE):
            assert f"```sh\n{command}\n```\n" in README

    def test_ci_can_be_run(self) -> None:
        assert os.access(ROOT / ".ci" / "run", os.X_OK)


class TestConsoles:
    """See tests/docs/consoles.py for what a console example may say."""

    EXAMPLES = [
        pytest.param(example, id=f"{document}-line-{example.line}")
        for document in ("README.md", "Design.md")
        for example in console_examples((ROOT / document).read_text(encoding="utf-8"))
    ]

    @pytest.fixture(scope="class")
    def consoles(self, tmp_path_factory: pytest.TempPathFactory) -> Consoles:
        """`guarded.yaml` is the sandbox's config file with the lines that README shows for guardrails."""
        guardrails = re.search(r"^```yaml\n(guardrails:\n.*?)^```$", README, re.MULTILINE | re.DOTALL)
        assert guardrails
        return Consoles(tmp_path_factory.mktemp("consoles"), {"guarded.yaml": guardrails[1]})

    @pytest.mark.parametrize("example", EXAMPLES)
    def test_each_command_says_what_the_example_shows(
        self,
        example: ConsoleExample,
        consoles: Consoles,
        monkeypatch: pytest.MonkeyPatch,
        request: pytest.FixtureRequest,
    ) -> None:
        monkeypatch.delenv("XDG_STATE_HOME")
        with consoles.fresh(request.node.callspec.id) as console:
            for step in example.steps:
                said = console.run(step)
                if not console.matches(step, said):
                    assert said == list(step.expected), f"$ {step.command}"

    def test_what_a_command_says_is_compared(self, consoles: Consoles) -> None:
        with consoles.fresh("compared") as console:
            step = Step("qauvern --version", ("qauvern 1.2.3.4",))
            assert not console.matches(step, console.run(step))

    def test_no_example_looks_like_one_and_is_not(self) -> None:
        """A command with its output stands in a `console` block, or nobody runs it."""
        for document in DOCUMENTS:
            text = (ROOT / document).read_text(encoding="utf-8")
            others = re.sub(r"^```console\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
            assert re.findall(r"^\s*\$ .*$", others, re.MULTILINE) == []


class TestCommands:
    @pytest.mark.parametrize("name", [name for name in ALL_COMMANDS if name])
    def test_each_has_its_section_with_all_its_options(self, name: str) -> None:
        """A subcommand is told of in the section of its group."""
        section = section_of(README, name.split()[0])
        assert name.split()[-1] in section or " " not in name
        missing = [each for each in options_of(ALL_COMMANDS[name]) if not names_option(section, each)]
        assert set(missing) <= HELP

    def test_global_options_are_named(self) -> None:
        section = section_of(README, "Global options")
        assert not [each for each in options_of(group) if not names_option(section, each)]

    def test_every_option_that_the_readme_names_exists(self) -> None:
        known = {option for command in ALL_COMMANDS.values() for option in options_of(command)}
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README))
        assert named <= known

    def test_no_section_names_an_option_of_another_command(self) -> None:
        for name in COMMANDS:
            own = {
                each
                for full, command in ALL_COMMANDS.items()
                if full.split()[:1] == [name]
                for each in options_of(command)
            }
            rows = re.findall(r"^\| (`-.*?) \|", section_of(README, name), re.MULTILINE)
            assert {each for row in rows for each in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row)} <= own

    def test_exit_statuses_that_the_code_ends_with_are_explained(self) -> None:
        from qauvern.cli._exit import ExitStatus

        code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/qauvern/cli").glob("*.py"))
        used = {str(status.value) for status in ExitStatus if f"ExitStatus.{status.name}" in code}
        explained = set(re.findall(r"^\| (\d+) \|", section_of(README, "Exit statuses"), re.MULTILINE))
        assert explained == used


class TestConfigFile:
    KEYS = sorted({key for kind in Section.__subclasses__() for key in kind.keys})

    def test_the_keys_are_known(self) -> None:
        assert {"account_id", "net_grant_seconds"} <= set(self.KEYS)

    @pytest.mark.parametrize("key", KEYS)
    def test_every_key_is_in_the_reference_and_in_the_example(self, key: str) -> None:
        assert f"`{key}`" in section_of(README, "The config file")
        example = (ROOT / "examples" / "config-example.yaml").read_text(encoding="utf-8")
        assert re.search(rf"^[ -]*{key}:", example, re.MULTILINE)

    @pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
    def test_the_examples_load(self, path: Path) -> None:
        assert load(path).instances


class TestEnvironment:
    SECTION = section_of(README, "Environment")

    def test_every_variable_of_the_code_is_in_the_table(self) -> None:
        in_code = set(
            re.findall(r"\b(?:IBMCLOUD|QAUVERN)_[A-Z_]*[A-Z]\b|\bIC_API_KEY\b|\bNO_COLOR\b|\bXDG_[A-Z_]+", SOURCES)
        )
        assert {each for each in in_code if f"| `{each}` |" not in self.SECTION} == set()

    def test_every_variable_of_the_table_is_in_the_code(self) -> None:
        in_table = re.findall(r"^\| `([A-Z_]+)` \|", self.SECTION, re.MULTILINE)
        assert in_table
        assert [each for each in in_table if each not in SOURCES] == []


class TestJson:
    """The section on JSON documents names what the documents have, and nothing else."""

    SECTION = section_of(README, "JSON documents")

    @pytest.fixture(scope="class")
    def documents(self, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
        """One of each, by the name that the section gives it, of an account whose net grants have a say."""
        consoles = Consoles(tmp_path_factory.mktemp("documents"), {})
        with pytest.MonkeyPatch.context() as patch, consoles.fresh("home") as console:
            patch.delenv("XDG_STATE_HOME", raising=False)

            def printed(*arguments: str) -> Any:
                return json.loads("\n".join(console.run(Step("qauvern -q --sandbox " + " ".join(arguments), ()))))

            documents = {
                "analysis": printed("analyze", "--format", "json", "--save-plan", "plan.json"),
                "account": printed("show", "--format", "json"),
                "instances": printed("instances", "--format", "json"),
                "explanation": printed("explain", "spin-glass-sampling", "--format", "json"),
                "plan": json.loads((console.folder / "plan.json").read_text(encoding="utf-8")),
            }
            console.run(Step("qauvern -q --sandbox optimize --yes", ()))
            runs = printed("history", "--format", "json")
            return documents | {"runs": runs, "run": printed("history", runs["runs"][0]["run"], "--format", "json")}

    def test_every_document_is_in_the_table(self, documents: dict[str, Any]) -> None:
        assert re.findall(r"^\| ([a-z]+) \|", self.SECTION, re.MULTILINE) == [
            "document",
            *sorted(documents, key=self.at),
        ]

    def at(self, document: str) -> int:
        return self.SECTION.index(f"\n| {document} |")

    def test_every_name_is_documented(self, documents: dict[str, Any]) -> None:
        assert {name for name in names_in(list(documents.values())) if f"`{name}`" not in self.SECTION} == set()

    def test_every_documented_name_exists(self, documents: dict[str, Any]) -> None:
        lists = self.SECTION[self.SECTION.index("\n- ") :]
        assert set(re.findall(r"`([a-z][a-z0-9_]*)`", lists)) - set(names_in(list(documents.values()))) == set()

    def test_the_schema_is_named_where_there_is_one(self) -> None:
        assert (ROOT / "src/qauvern/render/schema.json").exists() == ("qauvern/render/schema.json" in self.SECTION)


def names_in(document: Any) -> Iterator[str]:
    """All keys of a JSON document."""
    if isinstance(document, dict):
        yield from document
        for value in document.values():
            yield from names_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from names_in(value)


class TestWords:
    """The words that commands say are those that README explains."""

    def test_of_history(self) -> None:
        words = re.findall(r"^\| ([a-z ]+) \| ", section_of(README, "history"), re.MULTILINE)
        ends = {"complete", "partial", "interrupted", CUT_OFF, UNDER_WAY}
        assert set(words) - {"option", "word"} == ends | {result.value for result in Result} | {IN_DOUBT}

    def test_of_a_run_that_was_not_done_in_full(self) -> None:
        after = section_of(README, "What to do after an exit status")
        assert set(re.findall(r"^\| `([^`]+)` \|", after, re.MULTILINE)) == set(_LABELS.values())

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_of_completion(self, shell: str, qauvern: Qauvern) -> None:
        assert f"_QAUVERN_COMPLETE={shell}_source qauvern" in section_of(README, "Shell completion")
        script = qauvern(env={"_QAUVERN_COMPLETE": f"{shell}_source"}).stdout
        assert f"_QAUVERN_COMPLETE={shell}_complete" in script


class TestDesign:
    EXAMPLES = worked_examples(DESIGN)

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.kind}-line-{example.line}")
    def test_the_worked_examples_come_out(self, example: WorkedExample) -> None:
        assert example.computed() == example.expected

    def test_every_kind_of_example_is_there(self) -> None:
        assert {example.kind for example in self.EXAMPLES} == set(RUNNERS)

    def test_the_reasons_are_those_of_the_code(self) -> None:
        from qauvern.render.analysis import SHORT_REASONS

        rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section_of(DESIGN, "Changes"), re.MULTILINE)
        assert dict(rows[1:]).items() == {reason.value: short for reason, short in SHORT_REASONS.items()}.items()

    def test_sections_that_the_code_refers_to_exist(self) -> None:
        headings = set(re.findall(r"^#+ (.+)$", DESIGN, re.MULTILINE))
        referred = {
            name for names in re.findall(r"\(Design\.md, ([^)]+)\)", SOURCES) for name in re.split(r",\s+| and ", names)
        }
        assert referred - headings == set()

    def test_every_package_has_its_place_in_the_layout(self) -> None:
        layout = section_of(DESIGN, "Layout")
        packages = [path.parent.name for path in (ROOT / "src/qauvern").glob("*/__init__.py")]
        assert [name for name in packages if f"| `{name}/` |" not in layout] == []


class TestFiles:
    def test_the_changelog_has_a_place_for_what_is_not_released(self) -> None:
        assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize("document", DOCUMENTS)
    def test_links_lead_somewhere(self, document: str) -> None:
        text = (ROOT / document).read_text(encoding="utf-8")
        dead = []
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"https?://", target):
                continue
            name, _, anchor = target.partition("#")
            path = ROOT / (name or document)
            if not path.exists() or (anchor and anchor not in anchors(path.read_text(encoding="utf-8"))):
                dead.append(target)
        assert dead == []

    def test_the_just_recipes_are_those_of_the_readme(self) -> None:
        recipes = re.findall(r"^([a-z]+)(?: \*ARGS)?:", (ROOT / "justfile").read_text(encoding="utf-8"), re.MULTILINE)
        named = re.findall(r"^\| `just ([a-z]+)", README, re.MULTILINE)
        assert sorted(named) == sorted(set(recipes) - {"default"})

    def test_the_crontab_has_one_weekly_run(self) -> None:
        """Five fields of time, and no % that cron would take for the end of the line."""
        lines = (ROOT / "examples" / "crontab").read_text(encoding="utf-8").splitlines()
        (run,) = [line for line in lines if re.match(r"[\d*]", line)]
        assert re.match(r"\d+ \d+ \* \* \d  qauvern .*optimize --yes", run)
        assert "%" not in run

    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
    def test_systemd_takes_the_units(self, tmp_path: Path) -> None:
        units = [shutil.copy(unit, tmp_path) for unit in sorted((ROOT / "examples" / "systemd").iterdir())]
        ran = subprocess.run(
            ["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True, timeout=60, check=False
        )
        of_ours = [line for line in ran.stderr.splitlines() if "qauvern" in line]
        assert (ran.returncode, of_ours) == (0, []), ran.stderr


def anchors(text: str) -> set[str]:
    """The anchors that a forge makes of the headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
