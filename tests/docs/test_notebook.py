"""examples/notebook.ipynb runs from top to bottom, and shows what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


_read: Any = nbformat.read


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The notebook's code cells, run in a kernel of its own against a sandbox of its own."""
    for variable in (
        *("QAUVERN_STATE_DIR", "IPYTHONDIR", "MPLCONFIGDIR"),
        *("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"),
    ):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    notebook = _read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any, kind: str) -> list[str]:
    return [output.data[kind] for output in cell.outputs if kind in output.get("data", {})]


def test_it_runs_and_shows_the_account_a_chart_and_a_run_that_is_undone(executed: list[Any]) -> None:
    assert not [output for cell in executed for output in cell.outputs if output.output_type in ("stream", "error")]
    first, table, chart, applied, undone, history = executed
    assert "19 of 19 instances change" in shown(first, "text/plain")[0]
    assert "drug-docking" in shown(table, "text/html")[0]
    assert shown(chart, "image/png")
    assert shown(applied, "text/plain")[0].count("'done'") == 2
    assert shown(undone, "text/plain") == ["'complete'"]
    assert "freed in the notebook" in shown(history, "text/html")[0]


def test_it_is_kept_without_what_it_showed() -> None:
    notebook = _read(NOTEBOOK, as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
