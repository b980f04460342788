"""Faults: what goes wrong, when, and how often. `qauvern.sandbox` documents the grammar."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock

TARGETS = (
    "token", "list", "get", "patch", "create", "account", "usage", "analytics",
    "filters", "configuration", "backends", "workloads", "versions", "users", "any",
)  # fmt: skip
_WRITES = ("patch", "create")
_NEED_A_WRITE = ("ignored", "not-enforced", "stuck", "stuck-applied")
_KINDS = (
    "a status from 400 to 599, refuse, cut-before, cut-after, slow:SECONDS, ignored, not-enforced, stuck, "
    "stuck-applied, html, truncated"
)

_STATUS = re.compile(r"(?P<status>[45]\d\d)(?P<applied>-applied)?(?:/(?P<retry>\d+))?(?::(?P<count>\d+))?")
_SLOW = re.compile(r"slow:(?P<seconds>\d+(?:\.\d+)?)(?::(?P<count>\d+))?")
_NAMED = re.compile(
    r"(?P<kind>refuse|cut-before|cut-after|ignored|not-enforced|stuck-applied|stuck|html|truncated)(?::(?P<count>\d+))?"
)
_NUMBER = re.compile(r"(?P<nth>\d+)(?P<onwards>\+)?")


@dataclass(frozen=True)
class Effect:
    """What a fault does. `carried_out`: the request takes effect all the same."""

    kind: str
    status: int = 0
    retry_after_seconds: int | None = None
    delay_seconds: float = 0.0
    carried_out: bool = False


@dataclass(frozen=True)
class Fault:
    """One parsed spec. `nth` counts matching requests from 1; `count` None is without end."""

    text: str
    target: str
    effect: Effect
    instance: str | None = None
    nth: int | None = None
    onwards: bool = False
    count: int | None = None

    def concerns(self, kind: str, instances: Collection[str]) -> bool:
        if self.effect.kind in _NEED_A_WRITE and kind not in _WRITES:
            return False
        return self.target in ("any", kind) and (self.instance is None or self.instance in instances)


def parse_fault(text: str) -> Fault:
    """Read one spec; ValueError says what is wrong with it."""
    left, equals, right = text.strip().rpartition("=")
    if not equals:
        raise ValueError(f"fault {text!r}: expected TARGET=KIND, such as patch:2=429")
    target, _, selector = left.partition(":")
    if target not in TARGETS:
        raise ValueError(f"fault {text!r}: unknown target {target!r}; use one of {', '.join(TARGETS)}")
    effect, count = _parse_effect(text, right)
    if effect.kind in _NEED_A_WRITE and target not in (*_WRITES, "any"):
        raise ValueError(f"fault {text!r}: {effect.kind} needs a request that writes: patch, create or any")
    instance, nth, onwards = _parse_selector(text, selector)
    return Fault(text.strip(), target, effect, instance, nth, onwards, count)


def _parse_selector(text: str, selector: str) -> tuple[str | None, int | None, bool]:
    if not selector:
        return None, None, False
    instance, hash_sign, number = selector.rpartition("#")
    match = _NUMBER.fullmatch(number)
    if match is None:
        if hash_sign:
            raise ValueError(f"fault {text!r}: after # comes the number of the request, such as #2 or #2+")
        return number, None, False
    nth = int(match["nth"])
    if nth < 1:
        raise ValueError(f"fault {text!r}: requests are counted from 1")
    return instance or None, nth, bool(match["onwards"])


def _parse_effect(text: str, right: str) -> tuple[Effect, int | None]:
    if match := _STATUS.fullmatch(right):
        status = int(match["status"])
        retry = int(match["retry"]) if match["retry"] else (1 if status == 429 else None)
        effect = Effect("status", status, retry, carried_out=bool(match["applied"]))
    elif match := _SLOW.fullmatch(right):
        effect = Effect("slow", delay_seconds=float(match["seconds"]), carried_out=True)
    elif match := _NAMED.fullmatch(right):
        kind = match["kind"]
        effect = Effect(kind, carried_out=kind not in ("refuse", "cut-before", "html"))
    else:
        raise ValueError(f"fault {text!r}: unknown kind {right!r}; use {_KINDS}, each with an optional :COUNT")
    count = int(match["count"]) if match["count"] else None
    if count == 0:
        raise ValueError(f"fault {text!r}: a count is 1 or more")
    return effect, count


@dataclass(frozen=True)
class Verdict:
    """What befalls one request: a delay, then at most one other effect, and the specs that caused them."""

    delay_seconds: float = 0.0
    effect: Effect | None = None
    text: str = ""


class Faults:
    """The faults in force, with their counters."""

    def __init__(self, specs: Sequence[str] = ()) -> None:
        self._lock = Lock()
        self._faults: list[Fault] = []
        self._seen: list[int] = []
        self._fired: list[int] = []
        self.add(*specs)

    def add(self, *specs: str) -> None:
        parsed = [parse_fault(spec) for spec in specs]
        with self._lock:
            self._faults += parsed
            self._seen += [0] * len(parsed)
            self._fired += [0] * len(parsed)

    def clear(self) -> None:
        with self._lock:
            self._faults, self._seen, self._fired = [], [], []

    @property
    def specs(self) -> list[str]:
        with self._lock:
            return [fault.text for fault in self._faults]

    def judge(self, kind: str, instances: Collection[str]) -> Verdict:
        """Count the request and say what befalls it. Delays add up; of the other effects the first spec's wins."""
        with self._lock:
            delay, effect, texts = 0.0, None, []
            for index, fault in enumerate(self._faults):
                if not fault.concerns(kind, instances):
                    continue
                self._seen[index] += 1
                seen = self._seen[index]
                if fault.nth is not None and seen != fault.nth and not (fault.onwards and seen > fault.nth):
                    continue
                if fault.count is not None and self._fired[index] >= fault.count:
                    continue
                if fault.effect.kind == "slow":
                    delay += fault.effect.delay_seconds
                elif effect is None:
                    effect = fault.effect
                else:
                    continue
                self._fired[index] += 1
                texts.append(fault.text)
            return Verdict(delay, effect, " ".join(texts))
