"""What can be done about an error or a notice, in words.

Beside cli/ and help/ only this module names commands, options and variables.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Final, Protocol

from qauvern.errors import Remedy

if TYPE_CHECKING:
    from qauvern.balance import BrokenInvariant

_WITHOUT_CONFIG: Final = frozenset({"configure", "history", "sandbox", "demo", "help"})
"""Commands that take no config file."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """How another command of qauvern is spelled so that it reaches the same account and config file as this one.

    `global_options` are those of this command; `config` is the file that it was given, if it was given one; `variables`
    stand before it as NAME=value.
    """

    global_options: tuple[str, ...] = ()
    config: str | None = None
    variables: tuple[str, ...] = ()

    def spell(self, *words: str, with_config: bool = True) -> str:
        """The command as it is typed into a shell."""
        takes_config = with_config and self.config is not None and not _WITHOUT_CONFIG & set(words[:1])
        config = ["--config", self.config or ""] if takes_config and "--config" not in words else []
        return shlex.join([*self.variables, "qauvern", *self.global_options, *words, *config])


AS_INSTALLED: Final = CommandLine()

# A text in backticks that begins with `qauvern` is a command, spelled by the CommandLine. {names} are facts.
WORDS: Final[Mapping[Remedy, str]] = {
    Remedy.REPORT_BUG: "Please report it; the same command with -vv shows where it happened.",
    Remedy.SET_VARIABLE: "Unset it, or set it to a value such as {example}.",
    Remedy.GIVE_API_KEY: (
        "Set IBMCLOUD_API_KEY, or pass --api-key KEY or --api-key @FILE. Make a key at "
        "https://cloud.ibm.com/iam/apikeys."
    ),
    Remedy.MAKE_API_KEY: (
        "Check the key and whether --staging is right, or make a new key at https://cloud.ibm.com/iam/apikeys."
    ),
    Remedy.CHECK_API_KEY: (
        "A fresh token was refused too: check that the API key is not locked, and that it is for these endpoints "
        "(--staging?)."
    ),
    Remedy.USE_KEY_OF_ACCOUNT: "Use an API key of that account, or correct account_id in the config file.",
    Remedy.ASK_FOR_ACCESS: "Ask an administrator of the account to give the owner of the API key {access}.",
    Remedy.ASK_FOR_ADMINISTRATOR: (
        "Ask an administrator of the account to give the owner of the API key {access}. `qauvern instances` works "
        "without administrator rights."
    ),
    Remedy.CHECK_IDS: "Check the CRN, account_id and plan in the config file, and whether --staging is right.",
    Remedy.RESTORE_INSTANCE: "Take it out of the config file, or restore it in IBM Cloud.",
    Remedy.HEED_IBM: "Act on IBM's message; if it makes no sense, report it with the trace id.",
    Remedy.TRY_LATER: "IBM's service is in trouble: try again later, and see https://cloud.ibm.com/status.",
    Remedy.WAIT: "Run it again after that.",
    Remedy.SLOW_DOWN: "IBM limits the rate: run it later, or with a lower --concurrency.",
    Remedy.CHECK_NETWORK: (
        "Check the network, the proxy and the endpoint variables (IBMCLOUD_..._API_ENDPOINT), and run it again; "
        "IBMCLOUD_HTTP_TIMEOUT sets how many seconds it waits for an answer."
    ),
    Remedy.CHECK_ENDPOINTS: (
        "Nothing was concluded from it. Check the endpoint variables (IBMCLOUD_..._API_ENDPOINT) and any proxy; if "
        "they are right, IBM's API has changed or is in trouble: report it."
    ),
    Remedy.CORRECT_ENDPOINT: (
        "Redirects are not followed, since the token must not travel: correct the endpoint variables "
        "(IBMCLOUD_..._API_ENDPOINT)."
    ),
    Remedy.OTHER_NAME: "Choose another name, or allow a second one with --allow-duplicate-name.",
    Remedy.DELETE_IN_CONSOLE: "To delete an instance, use the IBM Cloud console.",
    Remedy.READ_BACK: "Look at the live values before you write again.",
    Remedy.UPGRADE: "Install a newer qauvern before that.",
    Remedy.WRITE_AGAIN: "`qauvern optimize` writes such instances again; if that does not help, ask IBM's support.",
    Remedy.MANAGE_IN_CONSOLE: "Change it in the IBM Cloud console.",
    Remedy.LOOK_IN_CONSOLE: "Look at it in the IBM Cloud console.",
    Remedy.TAKE_NAME_OVER: "`qauvern update` takes that name over.",
    Remedy.SEE_RUN: "`qauvern history {run}` shows it.",
    Remedy.SAVE_A_PLAN: "Make one with `qauvern analyze --save-plan FILE`.",
    Remedy.NAME_ITS_CONFIG: "Name its config file with --config.",
    Remedy.LIST_INSTANCES: "`qauvern show` lists them.",
    Remedy.SEE_SELECTION: "`qauvern help selection` shows what can be selected.",
    Remedy.ADD_TO_CONFIG: "`qauvern update` takes what is not configured into the config file.",
    Remedy.SELECT_IN_ANALYZE: "`qauvern analyze` makes one, and takes the same selection.",
    Remedy.USE_OTHER_ACCOUNT: "Use that account id, or a key of the other account.",
    Remedy.CREATE_OR_OTHER_PLAN: "Create one, or choose another plan with --plan.",
    Remedy.RESET_SANDBOX: "`qauvern sandbox reset` starts it afresh.",
    Remedy.RUN_AGAIN: "Run it again.",
    Remedy.WRITE_CONFIG: "`qauvern configure` writes one from the live account; --config names another.",
    Remedy.NAME_CONFIG: "Name another with --config.",
    Remedy.EDIT_BY_HAND: "Edit the file by hand.",
    Remedy.UPDATE_CONFIG: "`qauvern update` takes them out of the config file, unless you restore them.",
    Remedy.FILL_CONFIG: "`qauvern update` adds the account's instances.",
    Remedy.CHECK_ACCOUNT: "Check the API key, and account_id and plan in the config file.",
    Remedy.SET_A_LIMIT: "Give it one first: `qauvern set {name} --limit DURATION`.",
    Remedy.TAKE_GRANTS_OUT: "Take its net grants out of the config file first.",
    Remedy.NAME_A_GROUP: "Its groups: {groups}.",
    Remedy.WRITE_ELSEWHERE: "Make its folder writable, or name another file.",
    Remedy.LOWER_MINIMUM: "Lower minimum_allocation_seconds: that can free up to {minimum_driven_seconds} s.",
    Remedy.RAISE_MINIMUM: "Set minimum_allocation_seconds above 0.",
    Remedy.LOWER_RESERVE: "Lower allocation_reserve_percent.",
    Remedy.SHRINK_UNCONFIGURED: (
        "Shrink or archive unconfigured instances: that can free up to {unconfigured_seconds} s."
    ),
    Remedy.BUY_TIME: "Buy more time.",
    Remedy.WAIT_OR_BUY_TIME: "Buy more time, or wait until usage leaves the 28-day window.",
    Remedy.RAISE_LIMIT: "Raise its limit_seconds, or add a net grant.",
    Remedy.RAISE_GUARDRAIL: (
        "Look at these changes; then raise the guardrail in the config file, or override it once with "
        "--ignore-guardrail {guardrail}."
    ),
    Remedy.FORCE_UNDO: "--force puts it back all the same.",
    Remedy.WAIT_FOR_RUN: "Run again when it has ended, or wait for it with --lock-timeout 10m.",
    Remedy.OTHER_STATE_FOLDER: "Make room or permit it there, or name another folder with QAUVERN_STATE_DIR.",
    Remedy.LIST_RUNS: "`qauvern history` lists all runs; `qauvern undo RUN` takes any of them, an undo too.",
    Remedy.NAME_RUN: "Write more of its id.",
    Remedy.GIVE_A_GROUP: "Write `group: {group}` in the entries of its instances, or take it out of groups.",
    Remedy.LEAVE_A_SHARE: "Lower the shares, or give each instance a group.",
    Remedy.RAISE_GROUP_LIMIT: "Raise limit_seconds of the group {group}, or lower minimum_allocation_seconds.",
}


class Happened(Protocol):
    """An error, a notice or a problem: its text, and what can be done about it."""

    @property
    def remedy(self) -> Remedy | None: ...
    @property
    def facts(self) -> Mapping[str, object]: ...


class _Facts(dict[str, str]):
    """Facts by name, as words show them. One that is missing stands in capitals, as in a usage line: RUN."""

    def __missing__(self, name: str) -> str:
        return name.upper()


def needs(remedy: Remedy) -> frozenset[str]:
    """The names of the facts that a remedy's words take."""
    return frozenset(name for _, name, _, _ in Formatter().parse(WORDS[remedy]) if name)


def words(remedy: Remedy, facts: Mapping[str, object], command_line: CommandLine = AS_INSTALLED) -> str:
    """A remedy in words: one or more sentences."""
    known = _Facts({name: f"{fact:,}" if isinstance(fact, int) else str(fact) for name, fact in facts.items()})

    def spelled(part: str) -> str:
        if not part.startswith("`qauvern "):
            return part.format_map(known)
        return f"`{command_line.spell(*(word.format_map(known) for word in shlex.split(part.strip('`'))[1:]))}`"

    return "".join(map(spelled, re.split(r"(`[^`]*`)", WORDS[remedy])))


def sentence(
    text: str, remedies: Iterable[Remedy], facts: Mapping[str, object], command_line: CommandLine = AS_INSTALLED
) -> str:
    """The text with the words of its remedies behind it."""
    advice = [words(remedy, facts, command_line) for remedy in remedies]
    end = "." if advice and not text.endswith((".", "!", "?")) else ""
    return " ".join([text + end, *advice])


def said_of_invariant(broken: BrokenInvariant, command_line: CommandLine = AS_INSTALLED) -> str:
    """Which instances break an invariant, by which figures, and what can be done about it, as one line."""
    return sentence(broken.message, broken.remedies, broken.facts, command_line)


def said(happened: Happened, command_line: CommandLine = AS_INSTALLED) -> str:
    """What happened and what can be done about it, as one line."""
    remedies = () if happened.remedy is None else (happened.remedy,)
    return sentence(str(happened), remedies, happened.facts, command_line)
