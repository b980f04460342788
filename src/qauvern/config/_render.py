"""The text of a new config file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from datetime import datetime, timezone
from typing import Any

import yaml

from qauvern.config._names import config_name
from qauvern.config._reconcile import limit_setting
from qauvern.config._values import is_account_id
from qauvern.errors import QauvernError, Remedy
from qauvern.model import BillingPlan, Crn, Instance, LimitRule

_HEADER = """\
# The config file of qauvern, written by `qauvern configure` from the live account.
#
# It lists the service instances that share the plan's budget, and how. `qauvern analyze` shows what would change,
# `qauvern optimize` applies it.
# A `#` with no space behind it marks an optional key: take the `#` away to use it.
# Dates are ISO 8601 with a UTC offset.

"""

_MINIMUM = """
# The least that any instance gets, in seconds of the 28-day window.
"""

_RESERVE = """
# The part that is not handed out: a percentage from 0 up to, but not including, 100, either of the pool that is left
# after what instances used (pool) or of the whole budget (budget).
#allocation_reserve_percent: 10
#allocation_reserve_basis: pool

"""

_GROUPS = """\
# What a share goes by: by activity alone (0), in equal parts for all that are active (100), or anything between.
#sharing:
  #equal_percent: 0

# Groups, such as departments: what their instances are entitled to together, in percent of all that is shared, and what
# they may hold together, in seconds. The instances in no group are entitled to what is left of 100. Where one group has
# a share_percent, one without is entitled to 0. An instance belongs to a group by its key `group`.
#groups:
  #- name: "a department"
    #share_percent: 40
    #limit_seconds: 360000

"""

_GUARDRAILS = """\
# Bounds on one run of `qauvern optimize`: the first three refuse a run that goes beyond them, the last leaves
# allocations alone that would change by less.
#guardrails:
  #max_changes: 50
  #max_changes_percent: 25
  #max_decrease_percent: 80
  #minimum_change_seconds: 60

"""

_PERIOD = """\
# Adds the Period column: usage from start_date to now or end_date, whichever is first. An instance may have its own.
"""

_PERIOD_EXAMPLE = """\
#balance_period:
  #start_date: "2026-01-01T00:00:00Z"
  #end_date: "2026-07-01T00:00:00Z"
"""

_INSTANCES = """
# An instance has a name and a crn, and may have
#   group          the name of one of the groups
#   limit_seconds  the most that it may use in the 28-day window, or none for no limit; without it, its live limit stays
#   net_grants     budgets on top of limit_seconds, each for a while: active from start_date on and before end_date, in
#                  UTC dates; without an end_date for 28 days
#   start_date     a balance_period of its own, with end_date
# For example:
#
#   - name: "an example"
#     crn: "crn:v1:bluemix:public:quantum-computing:us-east:a/ACCOUNT:GUID::"
#     group: "a department"
#     limit_seconds: 36000
#     net_grants:
#       - start_date: "2026-03-01T00:00:00Z"
#         end_date: "2026-04-01T00:00:00Z"
#         net_grant_seconds: 7200
#     start_date: "2026-02-01T00:00:00Z"
#     end_date: "2026-05-01T00:00:00Z"
instances:
"""

# What JSON leaves as it is and YAML does not: DEL, C1 controls, line separators, the byte order mark, non-characters.
_TO_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def render_config(
    account_id: str,
    plan: BillingPlan,
    instances: Iterable[Instance],
    *,
    minimum_allocation_seconds: int = 60,
    balance_start: datetime | None = None,
    balance_end: datetime | None = None,
) -> str:
    """The text of a config file for live instances: by name (then CRN), archived ones left out, live limits taken over.

    `load` reads it back. Names come as `config_name` has them.

    Raises:
        QauvernError: no instance is left, one is of another account, or the dates are not a period.
    """
    if not is_account_id(account_id):
        raise QauvernError(f"{account_id!r} is not an account id: it has letters, digits, - and _ only.")
    named = sorted((config_name(live.name, live.crn), live.crn, live) for live in instances if not live.is_archived)
    if not named:
        raise QauvernError(
            f"account {account_id} has no instance of the {plan.value} plan that is not archived",
            remedy=Remedy.CREATE_OR_OTHER_PLAN,
        )
    parts = [
        _HEADER,
        f"account_id: {quoted(account_id)}\n",
        f"plan: {plan.value}\n",
        _MINIMUM,
        f"minimum_allocation_seconds: {minimum_allocation_seconds}\n",
        _RESERVE,
        _GROUPS,
        _GUARDRAILS,
        _PERIOD,
        _period(balance_start, balance_end),
        _INSTANCES,
    ]
    for name, crn, live in named:
        if crn.account_id != account_id:
            raise QauvernError(f"{crn} is of account {crn.account_id}, not of {account_id}")
        first, *others = instance_lines(name, crn, limit_setting(live))
        parts += [f"  - {first}\n", *(f"    {line}\n" for line in others)]
    return "".join(parts)


def render_plain(document: MappingType[str, Any], heading: str) -> str:
    """Plain data as the text of a config file, below a comment that says what it is."""
    return f"# {heading}\n" + yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=120)


def quoted(text: str) -> str:
    """The text as a YAML scalar in double quotes, which reads back as exactly this text whatever it holds."""
    return _TO_ESCAPE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _period(start: datetime | None, end: datetime | None) -> str:
    if start is None:
        if end is not None:
            raise QauvernError("the balance period has an end and no start.")
        return _PERIOD_EXAMPLE
    if start.tzinfo is None or (end is not None and end.tzinfo is None):
        raise QauvernError("the dates of the balance period need a UTC offset: write them like 2026-03-01T00:00:00Z.")
    if end is not None and end <= start:
        raise QauvernError("the balance period ends before it begins.")
    lines = ["balance_period:\n", f"  start_date: {quoted(_iso(start))}\n"]
    lines += [] if end is None else [f"  end_date: {quoted(_iso(end))}\n"]
    return "".join(lines)


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def instance_lines(name: str, crn: Crn, limit_seconds: int | LimitRule) -> list[str]:
    """The lines of an instance's keys, without indentation."""
    figure = limit_seconds.value if isinstance(limit_seconds, LimitRule) else limit_seconds
    limit = [] if limit_seconds is LimitRule.LIVE else [f"limit_seconds: {figure}"]
    return [f"name: {quoted(name)}", f"crn: {quoted(crn)}", *limit]
