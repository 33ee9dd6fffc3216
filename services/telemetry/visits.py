"""
The visit of a charger that gets no current: let in once, to be told so, and sent away.

    BootNotification   what is known                            answer
    ----------------   --------------------------------------   --------
    any                0 A is not confirmed                     Pending
    any                0 A is confirmed, no session is open     Pending
    any                0 A is confirmed, a session is open      Accepted, to tell the session's end

It never counts as connected. What it says of its sessions is put on record; nothing else is heard.
"""

from collections.abc import Callable
from typing import Final

from services.telemetry.admission import PENDING_INTERVAL_S, FollowUp
from services.telemetry.charger import ACCEPTED, open_session
from services.telemetry.fail_safes import FailSafes
from services.telemetry.histories import History
from services.telemetry.parts import Parts
from services.telemetry.said import Began, Booted, Ended, Metered, Said, Welcomed
from shared.clock import utc_now

OF_SESSIONS: Final = (Began, Metered, Ended)
"""What is heard although the charger is not accepted."""


class Visit:
    """One connection of a barred charger; the same face as `Admission`."""

    accepted = False

    def __init__(
        self, parts: Parts, history: History, fail_safes: FailSafes, leave: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._history = history
        self._fail_safes = fail_safes
        self._leave = leave
        self.told_to_wait = False
        """The charger has booted, and waits to be accepted."""

    def hears(self, said: Said) -> bool:
        """Tell whether something else than a boot is handled."""
        return isinstance(said, OF_SESSIONS)

    @property
    def why_not(self) -> str:
        return f"the charger gets no current: {self._history.assigned.barred}"

    async def heard(self) -> None:
        """Something has come: the charger is there, and can be told."""
        self._leave()

    async def boot(self, _: Booted) -> tuple[Welcomed, FollowUp | None]:
        """Answer a charger that introduces itself; the follow-up is for after the answer is sent."""
        session = open_session(self._history.state, self._history.assigned)
        if self._fail_safes.confirmed and session is not None:
            self.told_to_wait = False
            every_s = self._parts.settings.heartbeat_interval_s
            return Welcomed(ACCEPTED, every_s, utc_now()), None
        self.told_to_wait = True
        return Welcomed("Pending", PENDING_INTERVAL_S, utc_now()), self._begin

    async def _begin(self) -> None:
        self._leave()

    async def ask_to_boot(self) -> None:
        """Nothing: it need not introduce itself to be sent away."""

    async def renew(self) -> None:
        """Nothing: it is put under 0 A anyway."""

    async def nudge(self) -> None:
        """Begin with a charger that says nothing of itself."""
        self._leave()
