"""configure: a config file from the live account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from qauvern.actions.account import Account
from qauvern.errors import QauvernError, Remedy
from qauvern.files import write_text_atomically
from qauvern.model import BillingPlan, Instance


@dataclass(frozen=True, slots=True)
class Configured:
    """How many instances the file lists, and how many archived ones it leaves out."""

    instances: int
    archived: int


def configure(
    account: Account,
    path: Path,
    *,
    account_id: str | None = None,
    plan: BillingPlan | None = None,
    region: str | None = None,
    balance_start: datetime | None = None,
    balance_end: datetime | None = None,
) -> Configured:
    """Writes a config file of all instances in use, or those of one region, by name and with their limits.

    Args:
        path: where to write; a file that is there is replaced.
        account_id, plan: which are needed but for the sandbox, which has its own.

    Raises:
        ValueError: account_id or plan is missing.
        QauvernError: the key sees no such instances, or only those of another account.
        CloudError: the account cannot be read.
    """
    from qauvern.config import render_config

    with account:
        own_id, own_plan = account.sandbox_account or (None, None)
        account_id, plan = account_id or own_id, plan or own_plan
        if account_id is None or plan is None:
            raise ValueError("account_id and plan are needed but for the sandbox")
        listed = _of_account(account.client.list_instances(plan), account_id, plan)
    instances = [each for each in listed if region in (None, each.crn.region) and not each.is_archived]
    if not instances:
        raise _nothing_to_configure(plan, region, listed)
    text = render_config(account_id, plan, instances, balance_start=balance_start, balance_end=balance_end)
    write_text_atomically(path, text)
    return Configured(len(instances), sum(each.is_archived for each in listed))


def _of_account(instances: Sequence[Instance], account_id: str, plan: BillingPlan) -> list[Instance]:
    """The instances of the account; refuses a key that sees only other accounts' instances."""
    own = [each for each in instances if each.crn.account_id == account_id]
    if instances and not own:
        seen = sorted({each.crn.account_id for each in instances})
        raise QauvernError(
            f"no {plan.value} instance of account {account_id}: the key sees those of {', '.join(seen)}.",
            remedy=Remedy.USE_OTHER_ACCOUNT,
            account_ids=seen,
        )
    return own


def _nothing_to_configure(plan: BillingPlan, region: str | None, listed: Sequence[Instance]) -> QauvernError:
    where = "" if region is None else f" in {region}"
    if not listed:
        return QauvernError(
            f"the account has no {plan.value} instance that this key sees.", remedy=Remedy.CREATE_OR_OTHER_PLAN
        )
    regions = ", ".join(sorted({each.crn.region for each in listed}))
    return QauvernError(
        f"no {plan.value} instance{where} is in use: {len(listed)} listed, in {regions}, archived ones included."
    )
