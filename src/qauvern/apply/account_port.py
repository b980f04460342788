"""How apply reaches the account: one instance read, written, and compared with what is enforced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from qauvern.model import Crn, Enforced, LiveInstance


class AccountPort(Protocol):
    """Reads and writes single instances. Safe to call from several threads."""

    def read(self, crn: Crn) -> LiveInstance:
        """The instance as it is now.

        Raises:
            QauvernError: it cannot be read.
        """

    def write(
        self,
        crn: Crn,
        allocation_seconds: int | None,
        limit_seconds: int | None,
        backends: Sequence[str] | None,
    ) -> None:
        """Asks for all the instance's values at once; returns when the request was accepted, not when it took effect.

        `backends` None: they are not sent, and stay as they are.

        Raises:
            WriteRefused: it was definitely not carried out.
            WriteOutcomeUnknown: the answer was lost.
        """

    def enforced(self, crn: Crn) -> Enforced:
        """What the instance is held to now.

        Raises:
            QauvernError: it cannot be read.
        """

    def effective_backends(self, crn: Crn) -> frozenset[str]:
        """The backends that the instance may use now, whatever its own list says.

        Raises:
            QauvernError: they cannot be read.
        """
