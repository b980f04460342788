"""What can go wrong, as facts: what happened, to which instance, and which remedy there is. No advice stands here.

`render/remedies.py` words every remedy, with the commands and options in it; a notebook reads the facts instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Remedy(str, Enum):
    """What a person can do about an error or a notice. Each is worded once, in render/remedies.py."""

    REPORT_BUG = "report a bug in qauvern"
    TAKE_NAME_OVER = "take the live name over into the config file"
    SEE_RUN = "look at a past run"
    SAVE_A_PLAN = "save a plan"
    NAME_ITS_CONFIG = "name the config file that goes with the run"
    LIST_INSTANCES = "list the configured instances"
    SEE_SELECTION = "read how instances are selected"
    ADD_TO_CONFIG = "take the instances into the config file"
    SELECT_IN_ANALYZE = "look at the new allocations instead"
    USE_OTHER_ACCOUNT = "use that account id, or a key of the other account"
    CREATE_OR_OTHER_PLAN = "create an instance, or choose another plan"
    RUN_AGAIN = "run it again"
    RESET_SANDBOX = "start the sandbox afresh"

    # --- the config file ---
    WRITE_CONFIG = "write a config file, or name another"
    NAME_CONFIG = "name another config file"
    EDIT_BY_HAND = "edit the config file by hand"
    UPDATE_CONFIG = "take the instances out of the config file, or restore them"
    FILL_CONFIG = "fill the config file with the account's instances"
    CHECK_ACCOUNT = "check the key, the account id and the plan"
    SET_A_LIMIT = "give the instance a limit first"
    TAKE_GRANTS_OUT = "take the net grants out of the config file first"
    NAME_A_GROUP = "name one of the groups of the config file"
    WRITE_ELSEWHERE = "make the folder writable, or name another file"

    # --- the balance ---
    LOWER_MINIMUM = "lower minimum_allocation_seconds"
    RAISE_MINIMUM = "set minimum_allocation_seconds above 0"
    LOWER_RESERVE = "lower the reserve of the budget"
    SHRINK_UNCONFIGURED = "shrink or archive unconfigured instances"
    BUY_TIME = "buy more time"
    WAIT_OR_BUY_TIME = "buy more time, or wait until usage leaves the window"
    RAISE_LIMIT = "raise the limit, or add a net grant"

    # --- plans, runs, the journal ---
    RAISE_GUARDRAIL = "raise the guardrail, or override it once"
    FORCE_UNDO = "put it back all the same"
    WAIT_FOR_RUN = "wait for the other run"
    OTHER_STATE_FOLDER = "keep the journal in another folder"
    LIST_RUNS = "list the runs"
    NAME_RUN = "name one run"
    OTHER_NAME = "choose another name, or allow a second of that name"
    DELETE_IN_CONSOLE = "delete the instance in the IBM Cloud console"

    # Of reaching IBM Cloud.
    SET_VARIABLE = "unset an environment variable, or set it right"
    GIVE_API_KEY = "give an API key"
    MAKE_API_KEY = "make an API key"
    CHECK_API_KEY = "check that the API key is not locked, and is for these endpoints"
    USE_KEY_OF_ACCOUNT = "use an API key of the account that the config file names"
    ASK_FOR_ACCESS = "have the owner of the API key given the IAM action"
    ASK_FOR_ADMINISTRATOR = "have the owner of the API key given the IAM action, or look at what takes none"
    CHECK_IDS = "check the CRN, account id, plan and endpoints"
    RESTORE_INSTANCE = "take the instance out of the config file, or restore it"
    HEED_IBM = "act on IBM's message"
    TRY_LATER = "try again later"
    WAIT = "run again after the time that IBM asks to wait"
    SLOW_DOWN = "run later, or ask less at a time"
    CHECK_NETWORK = "check the network, the proxy and the endpoints"
    CHECK_ENDPOINTS = "check the endpoints and the proxy"
    CORRECT_ENDPOINT = "correct the endpoint, since redirects are not followed"
    READ_BACK = "look at the live values before writing again"
    UPGRADE = "install a newer qauvern"
    WRITE_AGAIN = "write the instance again, and tell IBM if that does not help"
    MANAGE_IN_CONSOLE = "manage the account in the IBM Cloud console"
    LOOK_IN_CONSOLE = "look at the instance in the IBM Cloud console"
    GIVE_A_GROUP = "give instances the group"
    LEAVE_A_SHARE = "leave a share for the instances in no group"
    RAISE_GROUP_LIMIT = "raise the limit of the group"


class QauvernError(Exception):
    """What a person can act upon.

    The message says what happened and to which instance. `remedy` names what can be done about it, and `facts` holds
    the figures and names that its words take; both are class or call arguments, and either may be absent.
    """

    remedy: Remedy | None = None
    facts: Mapping[str, object]

    def __init__(self, message: str, *, remedy: Remedy | None = None, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts
        if remedy is not None:
            self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person should know though nothing failed: a warning or a remark, with its remedy."""

    text: str
    remedy: Remedy | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text


class WriteRefused(QauvernError):
    """A write that was definitely not carried out. `retry_after` is seconds to wait where it may be sent again."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, remedy: Remedy | None = None, **facts: object
    ) -> None:
        super().__init__(message, remedy=remedy, **facts)
        self.retry_after = retry_after


class WriteOutcomeUnknown(QauvernError):
    """A write whose answer was lost: only reading the instance back tells whether it was carried out."""
