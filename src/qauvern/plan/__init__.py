"""The plan: what is to be written, in which order, and the ledger that keeps the cap. Pure."""

from qauvern.plan.changes import Change, Holding, Phase, changes_of, in_phase
from qauvern.plan.ledger import Ledger

__all__ = ["Change", "Holding", "Ledger", "Phase", "changes_of", "in_phase"]
