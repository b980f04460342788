"""create: provisions a service instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _options, _say, _shell
from qauvern.cli._options import DurationType, api_key_option, config_option, plan_choice

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.cloud import Creation
    from qauvern.model import NewInstance


@_command.named("create")
@click.argument("name")
@click.option("--target", "-t", required=True, metavar="REGION", help="The region, such as us-east or eu-de.")
@click.option("--resource-group", "-g", required=True, metavar="ID", help="The id of the resource group.")
@click.option("--plan", "-p", "plan_name", type=plan_choice, required=True, help="The plan.")
@click.option("--allocation", "-a", type=DurationType(), help="Allocation: 96000, 30m, 10h, 2.5d, 1qau.")
@click.option("--limit", "-l", type=DurationType(), help="Limit, written alike.")
@click.option("--tag", "tags", multiple=True, help="A tag; repeat for more.")
@click.option("--group", metavar="NAME", help="Add it to the config file, in that group.")
@config_option
@click.option("--dry-run", is_flag=True, help="Say what would be made and stop.")
@click.option("--allow-duplicate-name", is_flag=True, help="Create it though an instance has that name.")
@api_key_option
def command(
    name: str,
    target: str,
    resource_group: str,
    plan_name: str,
    allocation: int | None,
    limit: int | None,
    tags: tuple[str, ...],
    group: str | None,
    config_path: Path,
    dry_run: bool,
    allow_duplicate_name: bool,
    api_key: str | None,
) -> None:
    """Provision a service instance called NAME. It asks no question; the run is journalled.

    A creation whose answer was lost is looked up by name, never sent twice.
    """
    from qauvern.actions.create import add_to_config, check_name, create
    from qauvern.model import BillingPlan, NewInstance

    try:
        check_name(name)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="NAME") from error
    if allocation == 0:
        raise click.BadParameter("0 would archive the instance.", param_hint="--allocation")
    if limit == 0:
        raise click.BadParameter("with 0 the instance would run nothing.", param_hint="--limit")
    new = NewInstance(name, target, resource_group, BillingPlan(plan_name), allocation, limit, tags)
    place, path = _shell.workplace(), _options.config_of(config_path)
    if group is not None:
        add_to_config(place, path, new, group, None)
    say = _say.data if dry_run else _say.note
    say(f"{'Would create' if dry_run else 'Creating'} {_described(new)}.")
    created = create(_shell.account(api_key), new, dry_run=dry_run, allow_duplicate_name=allow_duplicate_name)
    if created.namesakes:
        _say.warning(f"{len(created.namesakes)} other instances are called {name!r} too; tell them apart by CRN.")
    if created.creation is None:
        _say.next_step("nothing was created: run without --dry-run to create it.")
    else:
        instance = created.creation.instance
        _report(created.creation, new)
        if group is not None and not instance.is_archived:
            _say.note(f"Added it to {add_to_config(place, path, new, group, instance.crn)}, in group {group}.")
        else:
            _say.next_step("add it to the config file, or it counts as unconfigured.")


def _described(new: NewInstance) -> str:
    allocation = "none is sent, IBM decides" if new.allocation_seconds is None else _seconds(new.allocation_seconds)
    tags = f", tags {', '.join(new.tags)}" if new.tags else ""
    return (
        f"{new.name} in {new.region}, plan {new.plan.value}, resource group {new.resource_group}: allocation "
        f"{allocation}, limit {_seconds(new.limit_seconds)}{tags}"
    )


def _seconds(seconds: int | None) -> str:
    from qauvern.units import format_seconds

    return "none" if seconds is None else f"{format_seconds(seconds)} s"


def _report(creation: Creation, new: NewInstance) -> None:
    instance = creation.instance
    if creation.answer_was_lost:
        _say.warning("the answer was lost on the way; the instance was found by its name, and not asked for again.")
    if creation.is_in_progress:
        _say.warning("IBM is still at work on it; what it holds shows when that has ended.")
    _say.data(str(instance.crn))
    _say.note(
        f"Created {new.name} in {instance.crn.region}: allocation {_seconds(instance.allocation_seconds)}, "
        f"limit {_seconds(instance.limit_seconds)}."
    )
    if instance.is_archived:
        _say.warning("IBM has it as archived, since its allocation is 0 s: restore it in IBM Cloud before it is used.")
