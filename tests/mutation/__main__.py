"""Mutation testing of balance/ and plan/ with mutmut: the score by module, and what survives without a reason.

    python -m tests.mutation [PATTERN ...]

A pattern selects mutants, such as 'qauvern.balance.grants*'. MUTATION_PROCESSES is how many run at a time.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation.survivors import SURVIVORS

ROOT = Path(__file__).resolve().parents[2]
MUTATED = ("src/qauvern/balance", "src/qauvern/plan")
KILLED = ("killed", "timeout", "segfault")


def main(patterns: list[str]) -> int:
    with TemporaryDirectory(prefix="qauvern-mutation-") as folder:
        copy = Path(folder)
        _fill(copy)
        processes = os.environ.get("MUTATION_PROCESSES", str(os.cpu_count() or 1))
        _mutmut(copy, "run", "--max-children", processes, *patterns)
        results = {
            name: status
            for name, status in re.findall(r"^ +(\S+): (.+)$", _output(copy, "results", "--all", "true"), re.MULTILINE)
            if not patterns or any(fnmatch(name, pattern) for pattern in patterns)
        }
        survivors = [_survivor(copy, name) for name, status in results.items() if status not in KILLED]
    _print_score(results)
    explained = {each[:3] for each in SURVIVORS}
    unexplained = [each for each in survivors if each not in explained]
    _print_mutants("survived, and tests/mutation/survivors.py does not say why", unexplained)
    outdated = [] if patterns else sorted(explained.difference(survivors))
    _print_mutants("explained in tests/mutation/survivors.py, but killed or gone", outdated)
    return 1 if unexplained or outdated or not results else 0


def _fill(copy: Path) -> None:
    for folder in ("src", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for folder in MUTATED:
        for path in (copy / folder).glob("*.py"):
            path.write_text(_with_plain_getters(path.read_text("utf-8")), "utf-8")


def _with_plain_getters(source: str) -> str:
    """Each property as a method and `name = property(method)` below it: mutmut mutates no decorated functions."""
    lines = source.splitlines()
    getters = [
        (node, node.decorator_list[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and [ast.unparse(each) for each in node.decorator_list] == ["property"]
    ]
    for node, decorator in sorted(getters, key=lambda getter: -getter[0].lineno):
        indent = " " * node.col_offset
        lines.insert(node.end_lineno or node.lineno, f"{indent}{node.name} = property(get_{node.name})")
        lines[node.lineno - 1] = lines[node.lineno - 1].replace(f"def {node.name}(", f"def get_{node.name}(", 1)
        del lines[decorator.lineno - 1]
    return "\n".join(lines) + "\n"


def _mutmut(copy: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "mutmut", *arguments], cwd=copy, env=_environment(), check=True)


def _output(copy: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=copy, env=_environment(), check=True, text=True, stdout=subprocess.PIPE).stdout


def _environment() -> dict[str, str]:
    """Without a path to the code as it is."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _function(mutant: str) -> str:
    """qauvern.balance.floors.x__highest__mutmut_3 is in floors._highest."""
    module, _, name = mutant.rpartition(".")
    plain = re.sub(r"__mutmut_\d+$", "", name)
    plain = plain[1:].strip("ǁ").replace("ǁ", ".") if "ǁ" in plain else plain.removeprefix("x_")
    return f"{module.rpartition('.')[2]}.{plain.replace('.get_', '.')}"


def _survivor(copy: Path, mutant: str) -> tuple[str, str, str]:
    """The function that was mutated, the line as it is, and as it was mutated."""
    shown = _output(copy, "show", mutant).splitlines()
    removed = [line[1:].strip() for line in shown if line.startswith("-") and not line.startswith("---")]
    added = [line[1:].strip() for line in shown if line.startswith("+") and not line.startswith("+++")]
    return _function(mutant), " ".join(removed), " ".join(added)


def _print_score(results: dict[str, str]) -> None:
    modules: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, status in sorted(results.items()):
        for module in (name.rpartition(".")[0], "total"):
            modules[module][status] += 1
    print(f"\n{'module':30} mutants  killed")
    for module, counts in sorted(modules.items(), key=lambda item: item[0] == "total"):
        killed = sum(counts[status] for status in KILLED)
        print(f"{module:30} {counts.total():7} {killed:7}  {100 * killed / counts.total():5.1f}%  {dict(counts)}")


def _print_mutants(title: str, mutants: list[tuple[str, str, str]]) -> None:
    if mutants:
        print(f"\n{title}:")
    for function, line, becomes in mutants:
        print(f"\n  {function}\n    - {line}\n    + {becomes}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
