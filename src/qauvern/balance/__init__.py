"""The balance: a snapshot and the settings in, a proposal out. Pure: no I/O and no clock."""

from qauvern.balance._water_fill import water_fill
from qauvern.balance.activity import SCORE_DENOMINATOR, ActivityScore, ScoreTerm, activity_score
from qauvern.balance.floors import Floor, FloorSource
from qauvern.balance.grants import (
    EffectiveLimit,
    GrantLedger,
    LimitSource,
    LimitTerms,
    daily_usage_needed_since,
    day_without_effect,
    effective_limit,
    grants_without_effect,
    limit_terms,
)
from qauvern.balance.groups import GroupPart, group_notices, shares_in_force
from qauvern.balance.invariants import check as check_invariants
from qauvern.balance.notices import account_notices, over_budget_notices
from qauvern.balance.proposal import BrokenInvariant, Line, Pool, Proposal, Reason
from qauvern.balance.propose import (
    UnusableInstances,
    held_by_unconfigured,
    is_over_budget,
    propose,
    unconfigured_instances,
)
from qauvern.balance.sharing import Weight
from qauvern.balance.window import usage_in_window, window_start

__all__ = [
    "SCORE_DENOMINATOR",
    "ActivityScore",
    "BrokenInvariant",
    "EffectiveLimit",
    "Floor",
    "FloorSource",
    "GrantLedger",
    "GroupPart",
    "LimitSource",
    "LimitTerms",
    "Line",
    "Pool",
    "Proposal",
    "Reason",
    "ScoreTerm",
    "UnusableInstances",
    "Weight",
    "account_notices",
    "activity_score",
    "check_invariants",
    "daily_usage_needed_since",
    "day_without_effect",
    "effective_limit",
    "grants_without_effect",
    "group_notices",
    "held_by_unconfigured",
    "is_over_budget",
    "limit_terms",
    "over_budget_notices",
    "propose",
    "shares_in_force",
    "unconfigured_instances",
    "usage_in_window",
    "water_fill",
    "window_start",
]
