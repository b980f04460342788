"""Mutation testing of balance/ and plan/ with mutmut: the score by module, and what survives without a reason.

    python -m tests.mutation [PATTERN ...]

A pattern selects mutants, such as `qauvern.balance.grants*`. Works in a copy, .mutation/, which remembers results.
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

from tests.mutation.survivors import SURVIVORS

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / ".mutation"
MUTATED = ("src/qauvern/balance", "src/qauvern/plan")

KILLED = ("killed", "timeout", "segfault")


def main(patterns: list[str]) -> int:
    _copy()
    _mutmut("run", "--max-children", os.environ.get("MUTATION_PROCESSES", str(os.cpu_count() or 1)), *patterns)
    results = {
        name: status
        for name, status in re.findall(r"^ +(\S+): (.+)$", _mutmut("results", "--all", "true", quiet=True), re.MULTILINE)
        if not patterns or any(fnmatch(name, pattern) for pattern in patterns)
    }
    _print_score(results)
    survivors = [_survivor(name) for name, status in results.items() if status not in KILLED]
    explained = {each[:3]: each.reason for each in SURVIVORS}
    unexplained = [each for each in survivors if each not in explained]
    for function, line, becomes in unexplained:
        print(f"\nunexplained: {function}\n  - {line}\n  + {becomes}")
    stale = [] if patterns else [each for each in explained if each not in survivors]
    for function, line, becomes in stale:
        print(f"\nexplained, but killed or gone: {function}\n  - {line}\n  + {becomes}")
    return 1 if unexplained or stale or not results else 0


def _copy() -> None:
    COPY.mkdir(exist_ok=True)
    for folder in ("src", "tests"):
        shutil.rmtree(COPY / folder, ignore_errors=True)
        shutil.rmtree(COPY / "mutants" / folder / "helpers", ignore_errors=True)
        shutil.copytree(ROOT / folder, COPY / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", COPY)
    for folder in MUTATED:
        for path in (COPY / folder).glob("*.py"):
            stat = path.stat()
            path.write_text(_with_plain_getters(path.read_text("utf-8")), "utf-8")
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


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


def _mutmut(*arguments: str, quiet: bool = False) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=COPY,
        env=environment,
        check=True,
        text=True,
        stdout=subprocess.PIPE if quiet else None,
    )
    return done.stdout or ""


def _function(mutant: str) -> str:
    """qauvern.balance.floors.x__highest__mutmut_3 is in floors._highest."""
    module, _, name = mutant.rpartition(".")
    plain = re.sub(r"__mutmut_\d+$", "", name)
    plain = plain[1:].strip("ǁ").replace("ǁ", ".") if "ǁ" in plain else plain.removeprefix("x_")
    return f"{module.rpartition('.')[2]}.{plain.replace('.get_', '.')}"


def _survivor(mutant: str) -> tuple[str, str, str]:
    shown = _mutmut("show", mutant, quiet=True).splitlines()
    removed = [line[1:].strip() for line in shown if line.startswith("-") and not line.startswith("---")]
    added = [line[1:].strip() for line in shown if line.startswith("+") and not line.startswith("+++")]
    return _function(mutant), " ".join(removed), " ".join(added)


def _print_score(results: dict[str, str]) -> None:
    modules: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, status in results.items():
        for module in (name.rpartition(".")[0], "all"):
            modules[module]["killed" if status in KILLED else status] += 1
    for module, counts in modules.items():
        total = sum(counts.values())
        print(f"{module:32} {counts['killed']:5} of {total:5} {100 * counts['killed'] / total:6.1f}%  {dict(counts)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
