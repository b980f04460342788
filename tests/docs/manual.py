"""Writes what the documents repeat from elsewhere: `python -m tests.docs.manual`, or `just manual`.

That is the pages of commands and of JSON names, the files that pages show, and the console blocks. Of these each shows
the lines that it showed before, as they read now; what else a command says stays behind `...`. A block that needs you
is named.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import click

from qauvern.cli import group
from tests.docs.consoles import BLOCK, Console, Consoles, Step, line_pattern, steps

ROOT = Path(__file__).parents[2]
HELP = "src/qauvern/help"
DOCUMENTS = [
    *("README.md", "Design.md", "CHANGELOG.md"),
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / HELP).glob("*.md")),
]

_INCLUDED = re.compile(r"^<!-- (examples/\S+) -->\n(```\w*\n).*?^```$", re.MULTILINE | re.DOTALL)

_SEE = {
    "configure": ["configuration"],
    "show": ["tables"],
    "analyze": ["tables", "allocations", "plans"],
    "optimize": ["safety", "plans", "cron", "exit-statuses"],
    "explain": ["allocations"],
    "report": ["output"],
    "update": ["configuration"],
    "history": ["tables"],
    "undo": ["safety"],
    "sandbox": ["practice"],
}
"""The pages that say more of a command."""


# --- the page of commands ---------------------------------------------------------------------------------------


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


_OF_COMMANDS = """# Commands

Every command and every option.

This page is made from the commands themselves; `qauvern COMMAND --help` shows the same. Durations are seconds
(`96000`, `96000s`) or `30m`, `10h`, `2.5d`, `1qau` (96,000 s). An INSTANCE is a name of the config file, a CRN, or the
GUID in it. A RUN is a run's id, or the beginning of one."""


def commands_page() -> str:
    parts = (part for name, command in commands() for part in _section(name, command))
    return "\n\n".join([_OF_COMMANDS, *parts]) + "\n"


def _section(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=f"qauvern {name}".strip(), **group.context_settings)
    yield "#" * (2 + name.count(" ")) + f" {name or 'Global options'}"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```"
    yield from map(_paragraph, re.split(r"\n{2,}", (command.help or "").strip()) if name else [])
    see = [f"[{each.replace('-', ' ')}]({each}.md)" for each in _SEE.get(name, [])]
    if see:
        yield f"More: {', '.join(see)}."
    records = [
        record
        for parameter in command.get_params(context)
        if "--help" not in parameter.opts or not name
        for record in [parameter.get_help_record(context)]
        if record
    ]
    if records:
        rows = [f"| `{_cell(options)}` | {_cell(re.sub(' {2,}', ' ', text))} |" for options, text in records]
        yield "\n".join(["| option | meaning |", "|---|---|", *rows])


def _paragraph(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    return "```text\n{}\n```".format("\n".join(lines[1:])) if lines[0] == "\b" else " ".join(map(str.strip, lines))


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


# --- the page of JSON names -------------------------------------------------------------------------------------

_OF_NAMES = """# JSON

Every name in the JSON documents, and what it means.

This page is made from the JSON Schema in the package, `qauvern/render/schema.json`. Every document is an object.
Scripts may depend on the names; new ones may be added. [Output](output.md) says which command prints what."""

_TYPES = {"integer": "whole number", "boolean": "true or false"}


def names_page() -> str:
    schema = json.loads((ROOT / "src/qauvern/render/schema.json").read_text(encoding="utf-8"))
    sections = sorted(schema["$defs"].items(), key=lambda each: {"$ref": f"#/$defs/{each[0]}"} not in schema["anyOf"])
    return "\n\n".join([_OF_NAMES, *(part for name, section in sections for part in _names(name, section))]) + "\n"


def _names(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """The section of an object, and those of the objects within it that have no name of their own in the schema."""
    yield f"## {name}"
    yield schema["description"]
    properties: dict[str, Any] = schema["properties"]
    rows = [
        f"| `{each}` | {_type(of, f'{name}.{each}')} | {_cell(of['description'])} |" for each, of in properties.items()
    ]
    yield "\n".join(["| name | type | meaning |", "|---|---|---|", *rows])
    for each, of in properties.items():
        for inner in [of, of.get("items", {}), *of.get("anyOf", [])]:
            if "properties" in inner:
                yield from _names(f"{name}.{each}", {"description": of["description"], **inner})


def _type(schema: dict[str, Any], path: str) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each, path) for each in schema["anyOf"]))
    if "$ref" in schema or "properties" in schema:
        name = schema.get("$ref", path).rpartition("/")[2]
        return f"[{name}](#{name.replace('.', '')})"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'], path)}"
    said = schema.get("type", "string")
    types: list[str] = [said] if isinstance(said, str) else said
    day = "day" if schema.get("format") == "date" else "text"
    return " or ".join({**_TYPES, "string": day}.get(each, each) for each in types)


# --- files ------------------------------------------------------------------------------------------------------


def with_files(text: str) -> str:
    """The document with the files that it shows as they are now."""

    def each(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{match[2]}{(ROOT / match[1]).read_text(encoding='utf-8')}```"

    return _INCLUDED.sub(each, text)


# --- console blocks ---------------------------------------------------------------------------------------------


def with_consoles(text: str, consoles: Consoles, name: str) -> str:
    """The document with what its commands say now."""

    def each(match: re.Match[str]) -> str:
        line = text.count("\n", 0, match.start()) + 1
        with consoles.fresh(f"{Path(name).stem}-{line}") as console:
            lines = [out for step in steps(match[1]) for out in _said_now(step, console, f"{name}:{line}")]
        return "```console\n" + "".join(f"{each}\n" for each in lines) + "```"

    return BLOCK.sub(each, text)


def _said_now(step: Step, console: Console, where: str) -> list[str]:
    said = console.run(step)
    if console.matches(step, said):
        return [f"$ {step.command}", *step.expected]
    expected = tuple(abridged(step.expected, [console.documented(line) for line in said]))
    if not console.matches(Step(step.command, expected), said) or set(expected) <= {"..."}:
        print(f"{where}: see to it by hand: $ {step.command}", *said, sep="\n", file=sys.stderr)
        expected = step.expected
    return [f"$ {step.command}", *expected]


_SHOWN_WHOLE = 3
"""New lines within what was shown whole are shown as well, up to so many."""


def abridged(expected: Sequence[str], said: Sequence[str]) -> list[str]:
    """The lines of `said` that stand for those of `expected`, and `...` for the others."""
    out: list[str] = []
    shown_up_to, is_open = 0, False
    for line, at in [*zip(expected, _aligned(expected, said), strict=True), ("", len(said))]:
        if line == "...":
            is_open = True
        elif at is not None:
            between = said[shown_up_to:at]
            out += ["..."] if is_open or len(between) > _SHOWN_WHOLE else between
            out += [_with_gaps(line, said[at])] if at < len(said) else []
            shown_up_to, is_open = at + 1, False
    return [line for number, line in enumerate(out) if line != "..." or out[number - 1 : number] != ["..."]]


def _aligned(expected: Sequence[str], said: Sequence[str]) -> list[int | None]:
    """For each expected line the one that stands for it now, in order, so that they are as alike as can be."""
    best: list[list[tuple[float, list[int | None]]]] = [[(0.0, [])] * (len(said) + 1)]
    for line in expected:
        row: list[tuple[float, list[int | None]]] = []
        for upto in range(len(said) + 1):
            score, path = best[-1][upto]
            choice = (score, [*path, None])
            if upto:
                alike = _alike(line, said[upto - 1])
                before, path = best[-1][upto - 1]
                choice = max(
                    choice, row[-1], (before + alike, [*path, upto - 1] if alike else [*path, None]), key=_score
                )
            row.append(choice)
        best.append(row)
    return best[-1][-1][1]


def _score(choice: tuple[float, list[int | None]]) -> float:
    return choice[0]


def _alike(line: str, said: str) -> float:
    if line == "...":
        return 0
    if re.fullmatch(line_pattern(line), said):
        return 2
    ratio = SequenceMatcher(None, line, said, autojunk=False).ratio()
    return ratio if ratio > 0.5 else 0


def _with_gaps(line: str, said: str) -> str:
    """What is said now, with the line's `...` where they were."""
    if re.fullmatch(line_pattern(line), said):
        return line
    before, *rest = line.split("...")
    for after in rest:
        left, right = before.split()[-1:], after.split()[:1]
        start = said.find(left[0]) + len(left[0]) if left else 0
        end = said.find(right[0], start) if right else len(said)
        if end >= start and (not left or left[0] in said):
            blank = " " if left and before.endswith(" ") else ""
            said = said[:start] + blank + "..." + (" " if after.startswith(" ") else "") + said[end:]
        before = after
    return said


def main() -> None:
    for name, made in (("commands", commands_page()), ("json", names_page())):
        (ROOT / HELP / f"{name}.md").write_text(made, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        consoles = Consoles.of_the_manual(Path(folder))
        for name in DOCUMENTS:
            path = ROOT / name
            text = path.read_text(encoding="utf-8")
            now = with_consoles(with_files(text), consoles, name)
            if now != text:
                path.write_text(now, encoding="utf-8")
                print(f"{name} is written anew")


if __name__ == "__main__":
    main()
