"""The documents say what is: commands, options, keys, examples and links are held against the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from qauvern.apply import CUT_OFF, IN_DOUBT, UNDER_WAY, Result
from qauvern.cli import COMMANDS, group
from qauvern.config import load
from qauvern.config._sections import Section
from qauvern.render.outcomes import _LABELS
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
        if isinstance(parameter, click.Option) and not parameter.hidden
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
            "python3 -m venv .venv && .venv/bin/pip install -c requirements.lock -e '.[test]' && .venv/bin/pytest",
        ]

    def test_each_stands_alone_in_its_block(self) -> None:
        for command in re.findall(r"^python3 -m venv.*$", README, re.MULTILINE):
            assert f"```sh\n{command}\n```\n" in README

    def test_ci_can_be_run(self) -> None:
        assert os.access(ROOT / ".ci" / "run", os.X_OK)


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
        recipes = re.findall(
            r"^(?!export)([a-z-]+)(?: [^:]*)?:(?!=)", (ROOT / "justfile").read_text(encoding="utf-8"), re.MULTILINE
        )
        named = re.findall(r"^\| `just ([a-z-]+)", README, re.MULTILINE)
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
