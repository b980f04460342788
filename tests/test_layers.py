"""The layers of Design.md hold: import-linter's contracts in pyproject.toml, each a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lint_imports(folder: Path, *, search: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(search)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_contract_is_kept() -> None:
    done = lint_imports(ROOT, search=ROOT / "src")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("balance/window.py", "import click", "balance is pure"),
        ("figures.py", "import qauvern.balance", "figures is pure"),
        ("plan/ledger.py", "import time", "plan is pure"),
        ("apply/writer.py", "import qauvern.cloud", "apply reaches the account through a protocol"),
        ("sandbox/_wire.py", "import qauvern.units", "sandbox imports nothing else"),
        ("render/text.py", "import yaml", "only config imports yaml"),
        ("cli/show.py", "import requests", "only cloud imports requests"),
        ("cli/show.py", "import qauvern.balance", "cli decides nothing"),
        ("actions/show.py", "import qauvern.render.text", "actions has no screen"),
        ("config/_names.py", "import jinja2", "only cli and render import click, jinja2 or wcwidth"),
    ],
)
def test_a_contract_that_is_broken_is_found(tmp_path: Path, module: str, line: str, contract: str) -> None:
    """The contracts would tell: on a copy of the sources with one forbidden import."""
    source = ROOT / "src" / "qauvern"
    for path in source.rglob("*.py"):
        target = tmp_path / "qauvern" / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    changed = tmp_path / "qauvern" / module
    changed.write_text(changed.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    done = lint_imports(tmp_path, search=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [text for text in done.stdout.splitlines() if " BROKEN" in text]
    assert any(text.startswith(contract) for text in broken), broken
