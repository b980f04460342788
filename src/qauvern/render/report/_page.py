"""The page itself: Jinja2 puts the tables and charts into the template, which brings its own style sheet and script."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from qauvern import figures
from qauvern.render.report import _charts, _tables
from qauvern.render.report._view import CHARTED, InstanceRow, Report
from qauvern.units import seconds_number

_FOLDER = "templates"


def report_page(report: Report) -> str:
    """The page as one HTML document that asks for nothing else: style sheet, script, charts and data are in it."""
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
            data=_embedded(report),
            gauge=_charts.gauge_drawing(report.gauge) if report.gauge else None,
            rolling=_charts.rolling_chart(report),
            groups=_tables.groups_table(report) if report.groups else None,
            changes=_tables.changes_table(report),
            usage=_tables.usage_table(report),
            limits=_tables.limits_table(report),
            grants=_tables.grants_table(report),
            unconfigured=_tables.unconfigured_table(report) if report.unconfigured else None,
            limit_charts=[
                (history, _charts.limit_chart(history, number), _tables.steps_table(history, number))
                for number, history in enumerate(histories, start=1)
            ],
        )
    )


def report_data(report: Report) -> dict[str, Any]:
    """What the page's script filters by and hands out as CSV: the instances as analyze has them, and some more."""
    return {
        "days": [day.isoformat() for day in report.days],
        "instances": [_record(row) for row in report.rows],
    }


def _record(row: InstanceRow) -> dict[str, Any]:
    return {
        "group": row.line.group,
        **figures.ANALYZED_INSTANCE.of(row.line),
        "region": row.crn.region,
        "states": [mark.value for mark in row.marks],
        "daily_seconds": [seconds_number(each) for each in row.daily_ms],
    }


def _embedded(report: Report) -> Markup:
    """JSON that no browser takes for markup, in ASCII."""
    text = json.dumps(report_data(report), separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


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
