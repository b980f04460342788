"""The plan: what is to be written, in which order, and what holds it back. Pure."""

from qauvern.plan.changes import NOT_ENFORCED, Change, Holding, Phase, changes_of, in_phase, seconds_moved
from qauvern.plan.document import (
    BadSavedPlan,
    SavedPlan,
    change_document,
    config_digest,
    parse_change,
    parse_holding,
    parse_plan,
    plan_document,
    plan_text,
)
from qauvern.plan.guardrails import GuardrailName, Refusal, refusals
from qauvern.plan.ledger import Cap, Ledger, without_room
from qauvern.plan.live_state import CountedInUnits, difference, live_notices, refuse_resource_units
from qauvern.plan.selection import (
    STATE_MEANINGS,
    BadSelection,
    Selection,
    State,
    Term,
    near,
    states_held,
    states_of_line,
)
from qauvern.plan.staleness import Fit, broken_by, fit, refuse_other_account
from qauvern.plan.undo import LeftAlone, UndoPlan, WhyLeftAlone, WrittenChange, plan_undo

__all__ = [
    "NOT_ENFORCED",
    "STATE_MEANINGS",
    "BadSavedPlan",
    "BadSelection",
    "Cap",
    "Change",
    "CountedInUnits",
    "Fit",
    "GuardrailName",
    "Holding",
    "Ledger",
    "LeftAlone",
    "Phase",
    "Refusal",
    "SavedPlan",
    "Selection",
    "State",
    "Term",
    "UndoPlan",
    "WhyLeftAlone",
    "WrittenChange",
    "broken_by",
    "change_document",
    "changes_of",
    "config_digest",
    "difference",
    "fit",
    "in_phase",
    "live_notices",
    "near",
    "parse_change",
    "parse_holding",
    "parse_plan",
    "plan_document",
    "plan_text",
    "plan_undo",
    "refusals",
    "refuse_other_account",
    "refuse_resource_units",
    "seconds_moved",
    "states_held",
    "states_of_line",
    "without_room",
]
