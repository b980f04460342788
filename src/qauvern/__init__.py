"""qauvern shares an organisation's quantum computing time fairly among its service instances.

What the command line does, for notebooks and scripts. Each name is loaded when it is first used.

    import qauvern

    settings = qauvern.load_settings("config.yaml")
    with qauvern.connect() as account:
        analysis = qauvern.analyze(account, settings)
        analysis.to_records()                    # a list of dictionaries, one for each instance
        run = qauvern.apply(account, analysis)   # journalled; qauvern.undo(account, settings, run.run_id) takes it back

Nothing here prints or asks. What can go wrong is a QauvernError: its `facts` are what happened, its `remedy` says what
can be done about it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qauvern.actions.analyze import analyze
    from qauvern.actions.apply import apply
    from qauvern.actions.face import connect, history, load_settings
    from qauvern.actions.undo import undo
    from qauvern.errors import QauvernError
    from qauvern.sandbox import Sandbox

__all__ = ["QauvernError", "Sandbox", "analyze", "apply", "connect", "history", "load_settings", "undo"]

_HOMES = {
    "QauvernError": "qauvern.errors",
    "Sandbox": "qauvern.sandbox",
    "analyze": "qauvern.actions.analyze",
    "connect": "qauvern.actions.face",
    "history": "qauvern.actions.face",
    "load_settings": "qauvern.actions.face",
    "undo": "qauvern.actions.undo",
}


def __getattr__(name: str) -> Any:
    if name == "apply":
        return import_module("qauvern.apply")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _CallablePackage(ModuleType):
    """The package `qauvern.apply` bears the name of what is called to apply an analysis: so it can be called."""

    @property
    def __wrapped__(self) -> Any:
        """For help() and signatures."""
        return import_module("qauvern.actions.apply").apply

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self.__wrapped__(*arguments, **options)


class _Face(ModuleType):
    """This package. Importing a package within it sets an attribute here."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "apply" and isinstance(value, ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
