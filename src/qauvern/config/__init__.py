"""The config file: YAML -> Settings, with file:line:column in every complaint, and its writing."""

from qauvern.config._edit import CannotEdit, edit_config
from qauvern.config._entry import BadEntry, EntryEdit, edit_entry
from qauvern.config._groups import group_warnings
from qauvern.config._load import load, parse
from qauvern.config._names import config_name, settings_notices
from qauvern.config._problems import ConfigError, Problem
from qauvern.config._reconcile import Reconciliation, Steps, WhyRemoved, reconcile
from qauvern.config._render import render_config, render_plain

__all__ = [
    "BadEntry",
    "CannotEdit",
    "ConfigError",
    "EntryEdit",
    "Problem",
    "Reconciliation",
    "Steps",
    "WhyRemoved",
    "config_name",
    "edit_config",
    "edit_entry",
    "group_warnings",
    "load",
    "parse",
    "reconcile",
    "render_config",
    "render_plain",
    "settings_notices",
]
