"""An instance before the pool is shared."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    room: int | None = field(init=False)
    """The most that it may get on top of its floor."""

    def __post_init__(self) -> None:
        room = UNLIMITED if self.cap is None else max(0, self.cap - self.floor_seconds)
        object.__setattr__(self, "room", 0 if self.floor is None or self.is_held else room)

    @property
    def floor_seconds(self) -> int:
        return self.floor.seconds if self.floor else 0

    @property
    def live_share(self) -> int:
        """What it holds on top of its floor now."""
        return (self.live.allocation_seconds or 0) - self.floor_seconds

    @property
    def sharing_score(self) -> int:
        """The score that its share goes by: 0 for one without an allocation, which takes no share."""
        return 0 if self.floor is None else self.score.scaled

    @property
    def may_keep_live_value(self) -> bool:
        """True where the live allocation holds to invariants 2-5 of Design.md."""
        held = self.live.allocation_seconds
        if self.floor is None or held is None or held < self.floor.seconds:
            return False
        return all(
            highest is None or held <= max(highest, self.floor.seconds) for highest in (self.cap, self.limit.seconds)
        )
