"""Who may look at the past: who has the role there; support, with a reason that is put on record first."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from services.portal.acting import Acting, command_id_of
from services.portal.guarding import Guard
from shared.decider import Refused
from shared.ids import InstallationId
from shared.messages.permissions import LookAtHistory
from shared.messages.signing_in import Asker
from shared.rights.book import GrantBook
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import _

REASON_CHARS_MIN: Final = 4
REASON_CHARS_MAX: Final = 500

Admit = Callable[[Asker, InstallationId, str | None], Awaitable[None]]
"""Lets somebody look, or refuses: see `Looks.admit`."""


def look_key(installation_id: InstallationId, reason: str, now: datetime) -> str:
    """
    Name a look: who goes on looking for the same reason, within the same hour, looks once.

    >>> from datetime import timedelta
    >>> now = datetime.fromisoformat("2026-11-27T21:05:00Z")
    >>> later = (now + timedelta(minutes=it) for it in (0, 50, 60))
    >>> len({look_key("pier", "case 12", it) for it in later})
    2
    """
    about = f"{installation_id}\n{reason}\n{now.astimezone(UTC):%Y-%m-%dT%H}"
    return f"look-{sha256(about.encode()).hexdigest()[:32]}"


class ReasonNeeded(Refused):
    """Whoever looks at other people's installations says why."""


class LookRefused(Refused):
    """The look could not be put on record."""


class Looks:
    """
    Lets people look at the past.

    Args:
        guard: checks who asks, and has refusals put on record.
        book: what has been granted.
        acting: has looks put on record.
        now: reads the clock.
    """

    def __init__(
        self, guard: Guard, book: GrantBook, acting: Acting, now: Callable[[], datetime]
    ) -> None:
        self._guard = guard
        self._book = book
        self._acting = acting
        self._now = now

    async def admit(
        self, asker: Asker, installation_id: InstallationId, reason: str | None
    ) -> None:
        """
        Let somebody look at who did what at an installation.

        Raises:
            NotHere, Forbidden, OutOfScope, StepUpNeeded: they may not.
            ReasonNeeded: they have no role there, and gave no reason.
            LookRefused: their look is not on record.
            ServiceUnavailable: nobody puts it on record now.
        """
        self._guard.check(asker, Action.HISTORY, Place(installation_id), "read who did what")
        if any(self._book.grants.of(asker.actor, self._now(), installation_id)):
            return
        text = (reason or "").strip()
        if not REASON_CHARS_MIN <= len(text) <= REASON_CHARS_MAX:
            raise ReasonNeeded(_("Say why you look: it is put on record with your name."))
        key = look_key(installation_id, text, self._now())
        look = LookAtHistory(
            command_id=command_id_of(asker, key), installation_id=installation_id, reason=text
        )
        answer = await self._acting.ask(asker, look)
        if not answer.accepted:
            raise LookRefused(f"{answer.refusal}: {answer.detail}")
