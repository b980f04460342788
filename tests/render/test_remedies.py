"""Every remedy has words, and every error that names one brings the facts that they take."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import qauvern
from qauvern.errors import Notice, QauvernError, Remedy
from qauvern.render import remedies
from qauvern.render.remedies import CommandLine, needs, said, words

SOURCES = sorted(Path(qauvern.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("remedy", Remedy)
def test_every_remedy_is_worded_as_sentences(remedy: Remedy) -> None:
    text = words(remedy, dict.fromkeys(needs(remedy), "x"))
    assert text[0] == text[0].upper()
    assert text.endswith((".", "?"))
    assert "{" not in text


def test_the_words_are_those_of_the_remedies_there_are() -> None:
    assert set(remedies.WORDS) == set(Remedy)


def test_every_remedy_is_given_by_something() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name != "remedies.py")
    assert [remedy.name for remedy in Remedy if f"Remedy.{remedy.name}" not in sources] == []


def _named_remedies(tree: ast.AST) -> Iterator[tuple[Remedy, set[str], int]]:
    """Each call that is given a Remedy by name, with the names of the facts that it is given."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = {keyword.arg or "**" for keyword in call.keywords}
        for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(value, ast.Dict):
                given |= {str(key.value) for key in value.keys if isinstance(key, ast.Constant)}
        for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id == "Remedy":
                yield Remedy[value.attr], given, call.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SOURCES[0].parent)))
def test_whoever_names_a_remedy_gives_the_facts_that_its_words_take(path: Path) -> None:
    for remedy, given, line in _named_remedies(ast.parse(path.read_text(encoding="utf-8"))):
        assert needs(remedy) <= given or "**" in given, f"{path.name}:{line}"


class TestWhatIsSaid:
    def test_an_error_and_a_notice_are_said_with_their_remedy(self) -> None:
        end = words(Remedy.REPORT_BUG, {})
        assert said(QauvernError("it broke", remedy=Remedy.REPORT_BUG)) == f"it broke. {end}"
        assert said(Notice("it is odd.", Remedy.REPORT_BUG)) == f"it is odd. {end}"

    def test_without_a_remedy_the_message_is_all(self) -> None:
        assert said(QauvernError("it broke")) == "it broke"


class TestTheCommandLine:
    def test_a_command_reaches_the_same_account_and_config_file(self) -> None:
        here = CommandLine(("--sandbox",), "my config.yaml")
        assert here.spell("undo", "R1") == "qauvern --sandbox undo R1 --config 'my config.yaml'"
        assert here.spell("history", "R1") == "qauvern --sandbox history R1"

    def test_without_options_it_is_as_installed(self) -> None:
        assert CommandLine().spell("analyze") == "qauvern analyze"
