"""create: provisions a service instance, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qauvern.actions.account import Account
from qauvern.model import BillingPlan

if TYPE_CHECKING:
    from qauvern.cloud import Creation


def check_name(name: str) -> None:
    """Raises ValueError where IBM would not take the name."""
    from qauvern.cloud import check_instance_name

    check_instance_name(name)


def create(
    account: Account,
    name: str,
    *,
    target: str,
    resource_group: str,
    plan: BillingPlan,
    allocation_seconds: int | None = None,
    limit_seconds: int | None = None,
    tags: Sequence[str] = (),
) -> Creation:
    """Provisions an instance and waits until it is there. One whose answer was lost is looked up, never sent twice.

    Raises:
        ValueError: IBM would not take the name.
        WriteRefused: it was not created.
        WriteOutcomeUnknown: it may have been created, but is not to be seen.
        QauvernError: IBM took the request, but the creation failed.
    """
    from qauvern.cloud import create_once

    check_name(name)
    with account:
        return create_once(
            account.client,
            name,
            target=target,
            resource_group=resource_group,
            plan=plan,
            allocation_seconds=allocation_seconds,
            limit_seconds=limit_seconds,
            tags=tags,
        )
