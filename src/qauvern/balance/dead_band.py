"""Sharing the pool, with the dead band that spares instances small changes (Design.md, Dead band)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from qauvern.balance._water_fill import fill
from qauvern.balance.activity import ActivityScore
from qauvern.balance.floors import Floor
from qauvern.balance.grants import EffectiveLimit
from qauvern.model import UNLIMITED, Instance, InstanceSettings, Usage


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance with all that is known of it before the pool is shared.

    `floor` is None where it takes part with its limit only. `cap` is the most its allocation may be (None:
    unlimited). One that `is_held` takes no share.
    """

    configured: InstanceSettings
    live: Instance
    usage: Usage
    score: ActivityScore
    limit: EffectiveLimit
    floor: Floor | None
    cap: int | None
    is_held: bool

    @property
    def floor_seconds(self) -> int:
        return self.floor.seconds if self.floor else 0

    @property
    def room(self) -> int | None:
        """The most that it may get on top of its floor."""
        if self.floor is None or self.is_held:
            return 0
        return UNLIMITED if self.cap is None else max(0, self.cap - self.floor.seconds)

    @property
    def may_keep_live_value(self) -> bool:
        """True where the live allocation holds to invariants 2-5 of Design.md."""
        held = self.live.allocation_seconds
        if self.floor is None or held is None or held < self.floor.seconds:
            return False
        return all(
            highest is None or held <= max(highest, self.floor.seconds) for highest in (self.cap, self.limit.seconds)
        )


@dataclass(frozen=True, slots=True)
class SharedPool:
    """What each candidate gets on top of its floor, in seconds, and the level of the last water-fill.

    `kept` are the indexes of those that the dead band leaves at their live allocation.
    """

    shares: tuple[int, ...]
    level: Fraction | None
    kept: frozenset[int]

    def exact_share(self, index: int, candidate: Candidate) -> Fraction:
        """The share before rounding."""
        if self.level is None or index in self.kept:
            return Fraction(self.shares[index])
        wanted = self.level * candidate.score.scaled
        return wanted if candidate.room is None else min(Fraction(candidate.room), wanted)


def share_pool(candidates: Sequence[Candidate], pool: int, affordable: int, minimum_change_seconds: int) -> SharedPool:
    """Water-fills the pool; whoever would change by less than the minimum keeps its live value, and the rest is
    filled again over what remains, until nothing more is kept. A minimum of 0 keeps nobody.

    What is kept may take more than the pool, the reserve for one, but not more than is `affordable`: where it would,
    those that would keep more than their share give way, all of them together, and are not kept again.
    """
    kept: dict[int, int] = {}
    gave_way: set[int] = set()
    while True:
        weights = [0 if index in kept else candidate.score.scaled for index, candidate in enumerate(candidates)]
        left = max(0, pool - sum(kept.values()))
        filled = fill(left, weights, [candidate.room for candidate in candidates])
        shares = tuple(kept.get(index, share) for index, share in enumerate(filled.shares))
        newly_kept = {
            index: _live_share(candidate)
            for index, candidate in enumerate(candidates)
            if index not in kept
            and index not in gave_way
            and candidate.may_keep_live_value
            and abs(shares[index] - _live_share(candidate)) < minimum_change_seconds
        }
        if not newly_kept:
            return SharedPool(shares, filled.level, frozenset(kept))
        kept |= newly_kept
        if sum(kept.values()) > affordable:
            too_much = {index for index, held in newly_kept.items() if held > shares[index]}
            kept = {index: held for index, held in kept.items() if index not in too_much}
            gave_way |= too_much


def _live_share(candidate: Candidate) -> int:
    """What the candidate holds on top of its floor now."""
    return (candidate.live.allocation_seconds or 0) - candidate.floor_seconds
