"""Commands, options and variables are named in cli/, help/ and render/remedies.py, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import qauvern
from qauvern.cli import COMMANDS

PACKAGE = Path(qauvern.__file__).parent
MAY_NAME_THEM = ("cli/", "help/", "render/remedies.py", "render/manual.py")
NAMES = re.compile(
    rf"(?<![\w-])--[a-z]|\bqauvern (?:{'|'.join(COMMANDS)})\b|`qauvern |\b(?:QAUVERN|IBMCLOUD|XDG)_|\bIC_API_KEY\b"
    r"|\b(?:HTTPS?|NO)_PROXY\b"
)
VARIABLE = re.compile("[A-Z_]+")
"""A text that is a variable's name and nothing else is there to read it, and advises nobody."""

EXCEPTIONS = {
    # What the comments of a new config file say of the commands that read it.
    "config/_render.py": ("# The config file of qauvern", "# Bounds on one run"),
}
"""By module, how the texts begin that may name them all the same."""


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text literal of a module but its docstrings; of an f-string its fixed parts, joined."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings | inside:
            yield node.lineno, node.value


MODULES = [
    path for path in sorted(PACKAGE.rglob("*.py")) if not path.relative_to(PACKAGE).as_posix().startswith(MAY_NAME_THEM)
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_text_names_a_command_an_option_or_a_variable(path: Path) -> None:
    allowed = EXCEPTIONS.get(path.relative_to(PACKAGE).as_posix(), ("\0",))
    named = [
        (line, text)
        for line, text in _texts(path)
        if NAMES.search(text) and not VARIABLE.fullmatch(text) and not text.strip().startswith(allowed)
    ]
    assert named == []


# How other tools speak. What is on the left was said here once.
INSTEAD_OF = {
    r"fault of qauvern": "a bug in qauvern",
    r"\bis no (?:date|duration|figure|number|CRN|ISO|obstacle)\b": "is not a valid duration",
    r"\bhas not the\b": "did not match",
    r"no terminal to ask": "cannot ask: stdin has ended",
    r"[Oo]nce more ends": "Press Ctrl-C again to quit now.",
}


@pytest.mark.parametrize("phrase", INSTEAD_OF)
def test_sentences_are_those_of_other_tools(phrase: str) -> None:
    said = [(path.name, text) for path in sorted(PACKAGE.rglob("*.py")) for _, text in _texts(path)]
    assert [(name, text) for name, text in said if re.search(phrase, text)] == []
    assert any(INSTEAD_OF[phrase] in text for _, text in said)
