"""create: provisions a service instance."""

from __future__ import annotations

import click

from qauvern.cli import _command, _say, _shell
from qauvern.cli._options import DurationType, api_key_option, plan_choice


@_command.named("create")
@click.argument("name")
@click.option("--target", "-t", required=True, metavar="REGION", help="The region, such as us-east or eu-de.")
@click.option("--resource-group", "-g", required=True, metavar="ID", help="The id of the resource group.")
@click.option("--plan", "-p", "plan_name", type=plan_choice, required=True, help="The plan.")
@click.option("--allocation", "-a", type=DurationType(), help="Allocation: 96000, 30m, 10h, 2.5d, 1qau.")
@click.option("--limit", "-l", type=DurationType(), help="Limit, written alike.")
@click.option("--tag", "tags", multiple=True, help="A tag; repeat for more.")
@api_key_option
def command(
    name: str,
    target: str,
    resource_group: str,
    plan_name: str,
    allocation: int | None,
    limit: int | None,
    tags: tuple[str, ...],
    api_key: str | None,
) -> None:
    """Provision a service instance called NAME.

    A creation whose answer was lost is looked up by name, never sent twice.
    """
    from qauvern.actions.create import check_name, create
    from qauvern.model import BillingPlan
    from qauvern.units import format_seconds

    try:
        check_name(name)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="NAME") from error
    if allocation == 0:
        raise click.BadParameter("0 would archive the instance.", param_hint="--allocation")
    if allocation is None:
        _say.note("No --allocation: none is sent, and the instance starts with what IBM gives it.")
    created = create(
        _shell.account(api_key),
        name,
        target=target,
        resource_group=resource_group,
        plan=BillingPlan(plan_name),
        allocation_seconds=allocation,
        limit_seconds=limit,
        tags=tags,
    )
    if created.namesakes:
        _say.warning(f"{len(created.namesakes)} other instances are called {name!r} too; tell them apart by CRN.")
    if created.answer_was_lost:
        _say.warning("the answer was lost on the way; the instance was found by its name, and not asked for again.")
    if created.is_in_progress:
        _say.warning("IBM is still at work on it; what it holds shows when that has ended.")
    _say.data(str(created.instance.crn))
    _say.note(
        f"Created {name} in {created.instance.crn.region}: "
        f"allocation {format_seconds(created.instance.allocation_seconds, absent='none')}, "
        f"limit {format_seconds(created.instance.limit_seconds, absent='none')}."
    )
    _say.next_step("add it to the config file, or it counts as unconfigured.")
