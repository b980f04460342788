"""What a command's options come to for the actions: the account, the config file, and whom an action tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qauvern.cli import _options, _say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qauvern.actions.account import Account
    from qauvern.actions.workplace import Workplace
    from qauvern.apply import Outcome
    from qauvern.model import Settings


def workplace() -> Workplace:
    """Where this command works; what an action has to tell goes to stderr."""
    from qauvern.actions.workplace import Workplace

    options = _options.current()
    return Workplace(
        sandbox=options.sandbox,
        staging=options.staging,
        concurrency=options.concurrency,
        environ=options.environment,
        warn=_say.notice,
        note=lambda notice: _say.note(str(notice), options),
        progress=_say.progress,
        on_request=_say.request if options.verbose else None,
        on_close=_say.requests_total if options.verbose else lambda _statistics: None,
    )


def account(api_key: str | None) -> Account:
    """The account that the options and the environment name."""
    from qauvern.actions.account import Account

    place = workplace()
    if not place.sandbox and api_key is not None and not api_key.startswith("@"):
        _say.warning(
            "a key on the command line shows in the process list; IBMCLOUD_API_KEY or --api-key @FILE does not."
        )
    return Account(place, api_key)


def settings(config_path: Path) -> Settings:
    """The config file in use, checked before any request."""
    from qauvern.actions.account import load_settings

    return load_settings(workplace(), _options.config_of(config_path))


def outcome_teller() -> Callable[[Outcome], None]:
    """Tells, with --verbose, of each change as it has ended. To be made in the command's own thread."""
    from qauvern.render.outcomes import progress_line

    options = _options.current()

    def tell(outcome: Outcome) -> None:
        if options.verbose:
            _say.note(progress_line(outcome), options)

    return tell
