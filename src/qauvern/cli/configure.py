"""configure: a config file from the live account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from qauvern.cli import _account, _command, _say
from qauvern.cli._options import GlobalOptions, api_key_option, plan_choice
from qauvern.errors import QauvernError
from qauvern.files import write_text_atomically
from qauvern.model import BillingPlan, Instance


class DateType(click.ParamType[datetime]):
    """An ISO 8601 date with a UTC offset."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from dateutil.parser import isoparse

        if isinstance(value, datetime):
            return value
        try:
            moment = isoparse(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no ISO 8601 date such as 2026-01-01T00:00:00Z.", param, ctx)
        if moment.tzinfo is None:
            self.fail(
                f"{value!r} has no UTC offset: write {value}{'' if 'T' in str(value) else 'T00:00:00'}Z.", param, ctx
            )
        return moment


@_command.named("configure")
@click.option("--account-id", "-a", metavar="ID", help="The account's id. Required but for --sandbox.")
@click.option("--plan", "-p", "plan_name", type=plan_choice, help="The plan to share. Required but for --sandbox.")
@click.option("--region", metavar="REGION", help="Only the instances of this region.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="Where to write.",
)
@click.option("--balance-start", type=DateType(), help="Start of the Period column.")
@click.option("--balance-end", type=DateType(), help="End of the Period column.")
@click.option("--force", is_flag=True, help="Replace an existing file without asking.")
@api_key_option
def command(
    account_id: str | None,
    plan_name: str | None,
    region: str | None,
    output: Path,
    balance_start: datetime | None,
    balance_end: datetime | None,
    force: bool,
    api_key: str | None,
) -> None:
    """Write a config file from the live account: all its instances by name, their limits, archived ones left out."""
    from qauvern.config import render_config

    _check_usage(account_id, plan_name, balance_start, balance_end)
    if output.exists() and not _say.confirmed(
        f"{output} exists. Replace it?", yes=force, otherwise="Say --force, or --output FILE for another place."
    ):
        _say.note("Nothing was written.")
        return
    with _account.reach(api_key) as reached:
        if reached.sandbox_account is not None:
            account_id, plan_name = account_id or reached.sandbox_account[0], plan_name or reached.sandbox_account[1]
        plan = BillingPlan(plan_name)
        listed = _of_account(reached.client.list_instances(plan), str(account_id), plan)
    instances = [each for each in listed if region in (None, each.crn.region) and not each.is_archived]
    if not instances:
        raise QauvernError(_nothing_to_configure(plan, region, listed))
    text = render_config(str(account_id), plan, instances, balance_start=balance_start, balance_end=balance_end)
    write_text_atomically(output, text)
    archived = sum(each.is_archived for each in listed)
    left_out = f" ({archived} archived left out)" if archived else ""
    _say.note(f"Wrote {output}: {_count(instances)}{left_out}.")
    _say.next_step(f"look it through, then: {_say.command_line('analyze', '--config', str(output))}")


def _count(instances: Sequence[Instance]) -> str:
    return "1 instance" if len(instances) == 1 else f"{len(instances):,} instances"


def _check_usage(account_id: str | None, plan_name: str | None, start: datetime | None, end: datetime | None) -> None:
    if not click.get_current_context().ensure_object(GlobalOptions).sandbox:
        if not account_id:
            raise click.UsageError("--account-id/-a is missing: it is in the account's CRNs, behind `a/`.")
        if not plan_name:
            raise click.UsageError("--plan/-p is missing: internal, premium or paygo.")
    if end is not None and start is None:
        raise click.UsageError("--balance-end needs --balance-start.")
    if start is not None and end is not None and end <= start:
        raise click.UsageError("--balance-end must be after --balance-start.")


def _of_account(instances: Sequence[Instance], account_id: str, plan: BillingPlan) -> list[Instance]:
    """The instances of the account; refuses a key that sees only other accounts' instances."""
    own = [each for each in instances if each.crn.account_id == account_id]
    if instances and not own:
        seen = sorted({each.crn.account_id for each in instances})
        raise QauvernError(
            f"no {plan.value} instance of account {account_id}: the key sees those of {', '.join(seen)}. "
            "Use that account id, or a key of the other account."
        )
    return own


def _nothing_to_configure(plan: BillingPlan, region: str | None, listed: Sequence[Instance]) -> str:
    where = "" if region is None else f" in {region}"
    if not listed:
        return f"the account has no {plan.value} instance that this key sees. Create one, or choose another --plan."
    regions = ", ".join(sorted({each.crn.region for each in listed}))
    return f"no {plan.value} instance{where} is in use: {len(listed)} listed, in {regions}, archived ones included."
