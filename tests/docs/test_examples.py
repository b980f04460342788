"""The console examples of the documents come out, and the JSON that the manual describes is what commands print."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qauvern.help import page
from tests.docs.consoles import ConsoleExample, Consoles, Step, console_examples
from tests.docs.manual import DOCUMENTS
from tests.docs.test_docs import ROOT, section_of

CONSOLES = [
    pytest.param(example, id=f"{Path(document).name}-line-{example.line}")
    for document in DOCUMENTS
    for example in console_examples((ROOT / document).read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def consoles(tmp_path_factory: pytest.TempPathFactory) -> Consoles:
    return Consoles.of_the_manual(tmp_path_factory.mktemp("consoles"))


class TestConsoles:
    @pytest.mark.parametrize("example", CONSOLES)
    def test_each_command_says_what_the_example_shows(
        self, example: ConsoleExample, consoles: Consoles, request: pytest.FixtureRequest
    ) -> None:
        with consoles.fresh(request.node.callspec.id) as console:
            for step in example.steps:
                said = console.run(step)
                if not console.matches(step, said):
                    assert said == list(step.expected), f"$ {step.command}"

    @pytest.mark.parametrize(
        "expected",
        [
            ["Nothing of the kind"],
            ["Made at  2026-03-02T09:30:00Z"],
            ["...", "Instances            25", "..."],
            ["...", "Folder               /home/bob/...", "..."],
        ],
    )
    def test_what_it_does_not_say_is_found(self, consoles: Consoles, expected: list[str], tmp_path: Path) -> None:
        with consoles.fresh(tmp_path.name) as console:
            step = Step("qauvern sandbox show", tuple(expected))
            assert not console.matches(step, console.run(step))

    @pytest.mark.parametrize("document", DOCUMENTS)
    def test_commands_with_their_output_are_in_console_blocks(self, document: str) -> None:
        """Nobody runs the others."""
        text = (ROOT / document).read_text(encoding="utf-8")
        others = re.sub(r"^```console\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        assert re.findall(r"^\s*\$ .*$", others, re.MULTILINE) == []


@pytest.fixture(scope="module")
def documents(consoles: Consoles) -> dict[str, Any]:
    """The JSON documents whose names the manual lists, of an account whose net grants have a say."""
    with consoles.fresh("documents") as console:

        def printed(*arguments: str) -> Any:
            return json.loads("\n".join(console.run(Step(" ".join(("qauvern -q --sandbox", *arguments)), ()))))

        before = {
            "analyze": printed("analyze", "--format", "json", "--save-plan", "plan.json"),
            "show": printed("show", "--format", "json"),
            "instances": printed("instances", "--format", "json"),
            "plan": json.loads((console.folder / "plan.json").read_text(encoding="utf-8")),
        }
        before["optimize"] = printed("optimize", "--yes", "--format", "json")
        runs = printed("history", "--format", "json")
        return before | {"history": runs, "run": printed("history", runs["runs"][0]["run"], "--format", "json")}


class TestJsonDocuments:
    """The pages name what the documents have, and the one that is written by hand nothing else."""

    SECTION = section_of(page("output"), "JSON documents")

    def test_the_table_has_the_documents_of_the_schema_and_the_plan(self) -> None:
        schema = json.loads((ROOT / "src/qauvern/render/schema.json").read_text(encoding="utf-8"))
        documents = {each["$ref"].rpartition("/")[2] for each in schema["anyOf"]}
        assert set(re.findall(r"^\| `([a-z]+)` \|", self.SECTION, re.MULTILINE)) == documents | {"plan"}

    def test_every_name_is_described(self, documents: dict[str, Any]) -> None:
        described = set(re.findall(r"^\| `(?:\S+\.)?([a-z0-9_]+)` \|", page("json"), re.MULTILINE))
        names = {document: set(names_in(content)) for document, content in documents.items() if document != "plan"}
        missing = {document: those - described for document, those in names.items()}
        assert not any(missing.values()), missing

    def test_the_names_of_a_plan_are_told(self, documents: dict[str, Any]) -> None:
        told = self.SECTION[self.SECTION.index("The names of a saved plan are ") :]
        assert set(re.findall(r"`([a-z][a-z0-9_]*)`", told)) == set(names_in(documents["plan"]))


def names_in(document: Any) -> Iterator[str]:
    """All keys of a JSON document."""
    if isinstance(document, dict):
        yield from document
        for value in document.values():
            yield from names_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from names_in(value)
