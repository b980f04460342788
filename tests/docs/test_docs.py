"""The documents say what is: commands, options, keys, examples and links are held against the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from qauvern.apply import Ending, Result
from qauvern.cli import COMMANDS, group
from qauvern.config import load
from qauvern.config._sections import RETIRED_KEYS, Section
from qauvern.help import TOPICS, page, summary
from qauvern.render.outcomes import _LABELS
from tests.docs import pictures
from tests.docs.manual import DOCUMENTS, HELP, commands, commands_page, names_page, with_files
from tests.docs.worked_examples import RUNNERS, WorkedExample, worked_examples
from tests.helpers.cli import Qauvern

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "Design.md").read_text(encoding="utf-8")
DOCUMENT = {name: (ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS}
MANUAL = ["README.md", *(name for name in DOCUMENTS if name.startswith(HELP))]
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py")))


def section_of(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its rank or a higher one."""
    start = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert start, f"there is no heading {heading!r}"
    end = re.search(rf"^#{{1,{len(start[1])}}} ", text[start.end() :], re.MULTILINE)
    return text[start.end() :][: end.start() if end else None]


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


class TestReadme:
    def test_is_for_the_first_quarter_of_an_hour(self) -> None:
        assert len(README.encode()) <= 10_000

    def test_names_every_page_of_the_manual_with_its_summary(self) -> None:
        rows = re.findall(r"^\| \[([a-z-]+)\]\((\S+)\) \| (.+) \|$", section_of(README, "The manual"), re.MULTILINE)
        assert rows == [(topic, f"src/qauvern/help/{topic}.md", summary(topic)) for topic in TOPICS]

    def test_the_picture_of_the_terminal_is_what_the_command_says(self, tmp_path: Path) -> None:
        drawn = (ROOT / pictures.TERMINAL).read_text(encoding="utf-8")
        assert drawn == pictures.terminal(tmp_path), "make it anew: just pictures"


class TestManual:
    def test_every_page_is_a_topic(self) -> None:
        assert sorted(TOPICS) == sorted(path.stem for path in (ROOT / HELP).glob("*.md"))

    def test_no_topic_has_the_name_of_a_command(self) -> None:
        assert not set(TOPICS) & set(COMMANDS)

    def test_the_page_of_commands_is_that_of_the_commands(self) -> None:
        assert page("commands") == commands_page(), "write it anew: just manual"

    def test_the_page_of_json_names_is_that_of_the_schema(self) -> None:
        assert page("json") == names_page(), "write it anew: just manual"

    def test_every_command_has_its_section(self) -> None:
        assert set(ALL_COMMANDS) - {""} <= set(re.findall(r"^#+ (.+)$", page("commands"), re.MULTILINE))

    @pytest.mark.parametrize("topic", TOPICS)
    def test_files_are_shown_as_they_are(self, topic: str) -> None:
        assert with_files(page(topic)) == page(topic), "write it anew: just manual"

    @pytest.mark.parametrize("document", MANUAL)
    def test_every_option_that_it_names_exists(self, document: str) -> None:
        known = {option for command in ALL_COMMANDS.values() for option in options_of(command)}
        text = re.sub(r"^(?:python3 -m venv|.*(?:useradd|systemctl)).*$", "", DOCUMENT[document], flags=re.MULTILINE)
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - known == set()

    def test_every_command_line_that_it_shows_is_one(self) -> None:
        shown = [
            words.split("#")[0].split()
            for document in MANUAL
            for block in re.findall(r"^```sh\n(.*?)^```$", DOCUMENT[document], re.MULTILINE | re.DOTALL)
            for words in re.findall(r"^(?:\.venv/bin/)?qauvern (.*)$", block, re.MULTILINE)
        ]
        assert shown
        assert not [words for words in shown if next(each for each in words if each[0] != "-") not in COMMANDS]

    def test_exit_statuses_that_the_code_ends_with_are_explained(self) -> None:
        from qauvern.cli._exit import ExitStatus

        code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/qauvern/cli").glob("*.py"))
        used = {str(status.value) for status in ExitStatus if f"ExitStatus.{status.name}" in code}
        explained = set(re.findall(r"^\| (\d+) \|", page("exit-statuses"), re.MULTILINE))
        assert explained == used

    def test_the_names_for_python_are_those_of_the_package(self) -> None:
        import qauvern

        named = re.findall(r"^\| `(\w+)(?:\(.*?\))?` \|", page("python"), re.MULTILINE)
        assert sorted(named) == sorted(qauvern.__all__)

    def test_keys_that_are_no_longer_read_are_named_for_those_who_come_with_them(self) -> None:
        assert not [key for key in RETIRED_KEYS if f"`{key}`" not in page("migrating")]


class TestConfigFile:
    KEYS = sorted({key for kind in Section.__subclasses__() for key in kind.keys})

    def test_the_keys_are_known(self) -> None:
        assert {"account_id", "net_grant_seconds"} <= set(self.KEYS)

    @pytest.mark.parametrize("key", KEYS)
    def test_every_key_is_in_the_reference_and_in_the_example(self, key: str) -> None:
        assert f"`{key}`" in page("configuration")
        example = (ROOT / "examples" / "config-example.yaml").read_text(encoding="utf-8")
        assert re.search(rf"^[ -]*{key}:", example, re.MULTILINE)

    @pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
    def test_the_examples_load(self, path: Path) -> None:
        assert load(path).instances


class TestEnvironment:
    SECTION = page("environment")

    def test_every_variable_of_the_code_is_in_the_table(self) -> None:
        in_code = set(
            re.findall(
                r"\b(?:IBMCLOUD|QAUVERN)_[A-Z_]*[A-Z]\b|\b(?:IC_API_KEY|PAGER|LESS)\b|\bNO_COLOR\b|\bXDG_[A-Z_]+",
                SOURCES,
            )
        )
        assert {each for each in in_code if f"| `{each}` |" not in self.SECTION} == set()

    def test_every_variable_of_the_table_is_in_the_code(self) -> None:
        in_table = re.findall(r"^\| `([A-Z_]+)` \|", self.SECTION, re.MULTILINE)
        assert in_table
        assert [each for each in in_table if each not in SOURCES] == []


class TestWords:
    """The words that commands say are those that the manual explains."""

    def test_of_history(self) -> None:
        words = re.findall(r"^\| ([a-z ]+) \| ", section_of(page("tables"), "Runs"), re.MULTILINE)
        ends = {ending.value for ending in Ending}
        assert set(words) - {"option", "word"} == ends | {result.value for result in Result}

    def test_of_a_run_that_was_not_done_in_full(self) -> None:
        after = section_of(page("exit-statuses"), "After 3")
        assert set(re.findall(r"^\| `([^`]+)` \|", after, re.MULTILINE)) == set(_LABELS.values())

    def test_of_errors(self) -> None:
        """Each part of a message that troubleshooting quotes, from `...` to `...`, is one that the code says."""
        said = re.sub(r'"\s*\n\s*f?"', "", SOURCES)
        rows = re.findall(r"^\| (.+?) \|", page("troubleshooting"), re.MULTILINE)
        quoted = [text for row in rows for text in re.findall(r"`([^`]+)`", row) if " " in text]
        parts = [part.strip() for text in quoted for part in text.split("...")]
        assert len(quoted) > 15
        assert [part for part in parts if part not in said] == []

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_of_completion(self, shell: str, qauvern: Qauvern) -> None:
        assert f"_QAUVERN_COMPLETE={shell}_source qauvern" in section_of(page("environment"), "Shell completion")
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
        modules = [path.name for path in (ROOT / "src/qauvern").glob("*.py") if path.name != "__init__.py"]
        assert [name for name in modules if f"| `{name}` |" not in layout] == []
        assert [name for name in packages if f"| `{name}/` |" not in layout] == []


class TestFiles:
    def test_the_changelog_has_a_place_for_what_is_not_released(self) -> None:
        assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize("document", DOCUMENTS)
    def test_links_lead_somewhere(self, document: str) -> None:
        text = DOCUMENT[document]
        dead = []
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"https?://", target):
                continue
            name, _, anchor = target.partition("#")
            path = (ROOT / document).parent / name if name else ROOT / document
            if not path.is_file() or (anchor and anchor not in anchors(path.read_text(encoding="utf-8"))):
                dead.append(target)
        assert dead == []

    def test_the_just_recipes_are_those_of_the_design(self) -> None:
        recipes = re.findall(
            r"^(?!export)([a-z-]+)(?: [^:]*)?:(?!=)", (ROOT / "justfile").read_text(encoding="utf-8"), re.MULTILINE
        )
        named = re.findall(r"^\| `just ([a-z-]+)", section_of(DESIGN, "Development"), re.MULTILINE)
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
