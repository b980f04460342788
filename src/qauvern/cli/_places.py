"""Where qauvern keeps its state on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

STATE_VARIABLE = "QAUVERN_STATE_DIR"


SANDBOX_CONFIG_NAME = "config.yaml"


def state_folder(environ: Mapping[str, str] | None = None) -> Path:
    """QAUVERN_STATE_DIR, else $XDG_STATE_HOME/qauvern, else ~/.local/state/qauvern."""
    environ = os.environ if environ is None else environ
    if environ.get(STATE_VARIABLE):
        return Path(environ[STATE_VARIABLE])
    base = environ.get("XDG_STATE_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "state") / "qauvern"


def sandbox_folder() -> Path:
    """Where the sandbox account, its config and its journal live."""
    return state_folder() / "sandbox"
