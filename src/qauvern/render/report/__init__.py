"""The report: one self-contained HTML page about a proposal. Needs the extra `report` (Jinja2).

`report_of` computes what the page says, as frozen dataclasses; `report_page` draws it.
"""

from qauvern.render.account import Fact
from qauvern.render.report._limits import GrantSpan, LimitDay, LimitHistory, LimitStep
from qauvern.render.report._page import report_data, report_page
from qauvern.render.report._view import Attention, Gauge, GroupRow, InstanceRow, Mark, Need, Report, report_of

__all__ = [
    "Attention",
    "Fact",
    "Gauge",
    "GrantSpan",
    "GroupRow",
    "InstanceRow",
    "LimitDay",
    "LimitHistory",
    "LimitStep",
    "Mark",
    "Need",
    "Report",
    "report_data",
    "report_of",
    "report_page",
]
