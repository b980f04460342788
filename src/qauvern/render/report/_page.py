"""The page itself: Jinja2 puts the tables and charts into the template, which brings its own style sheet and script."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from qauvern.render.report import _charts, _tables
from qauvern.render.report._view import CHARTED, Report

_FOLDER = "templates"


def report_page(report: Report) -> str:
    """The page as one HTML document that asks for nothing else: style sheet, script and charts are in it."""
    script = _part("report.js")
    histories = report.histories[:CHARTED]
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            style=Markup(_part("report.css")),
            script=Markup(script),
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            changes=_tables.changes_table(report),
            usage=_tables.usage_table(report),
            daily=_tables.daily_table(report),
            limits=_tables.limits_table(report),
            grants=_tables.grants_table(report),
            budget_chart=_charts.budget_chart(report.splits) if report.splits else None,
            allocation_chart=_charts.allocation_chart(report),
            daily_chart=_charts.daily_chart(report),
            fairness_chart=_charts.fairness_chart(report),
            limit_charts=[
                (history, _charts.limit_chart(history, number), _tables.steps_table(history, number))
                for number, history in enumerate(histories, start=1)
            ],
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("qauvern.render.report", _FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _part(name: str) -> str:
    return resources.files("qauvern.render.report").joinpath(_FOLDER).joinpath(name).read_text(encoding="utf-8")
