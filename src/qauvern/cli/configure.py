"""configure: a config file from the live account."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _options, _say, _shell
from qauvern.cli._options import FileType, api_key_option, plan_choice

if TYPE_CHECKING:
    from pathlib import Path


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
            self.fail(f"{value!r} is not an ISO 8601 date such as 2026-01-01T00:00:00Z.", param, ctx)
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
    type=FileType(),
    default="config.yaml",
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
    from qauvern.actions.configure import configure
    from qauvern.model import BillingPlan

    _check_usage(account_id, plan_name, balance_start, balance_end)
    if output.exists() and not _say.confirmed(
        f"{output} exists. Replace it?", yes=force, otherwise="Say --force, or --output FILE for another place."
    ):
        _say.note("Nothing was written.")
        return
    done = configure(
        _shell.account(api_key),
        output,
        account_id=account_id,
        plan=BillingPlan(plan_name) if plan_name else None,
        region=region,
        balance_start=balance_start,
        balance_end=balance_end,
    )
    count = "1 instance" if done.instances == 1 else f"{done.instances:,} instances"
    left_out = f" ({done.archived} archived left out)" if done.archived else ""
    _say.note(f"Wrote {output}: {count}{left_out}.")
    _say.next_step(f"look it through, then: {_say.command_line('analyze', '--config', str(output))}")


def _check_usage(account_id: str | None, plan_name: str | None, start: datetime | None, end: datetime | None) -> None:
    if not _options.current().sandbox:
        if not account_id:
            raise click.UsageError("--account-id/-a is missing: it is in the account's CRNs, behind `a/`.")
        if not plan_name:
            raise click.UsageError("--plan/-p is missing: internal, premium or paygo.")
    if end is not None and start is None:
        raise click.UsageError("--balance-end needs --balance-start.")
    if start is not None and end is not None and end <= start:
        raise click.UsageError("--balance-end must be after --balance-start.")
