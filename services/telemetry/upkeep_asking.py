"""How a charger is asked something of its hardware: its word, put on record with who asked."""

from collections.abc import Awaitable, Mapping

from services.telemetry.charger import ACCEPTED
from services.telemetry.limits import RejectedByCharger
from services.telemetry.records import Records
from services.telemetry.wishes import word_of
from shared.ids import SessionId
from shared.messages import Answer
from shared.messages.upkeep import Asked, ChargerAsked, UpkeepCommand
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import refusal_of

ABOUT_MAX = 700


class Asking:
    """Asks one connected charger."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def word(
        self,
        command: UpkeepCommand,
        asked: Asked,
        answer: Awaitable[str],
        about: str = "",
        *,
        good: Mapping[str, str] | None = None,
        why_not: Mapping[str, str] | None = None,
        ends: SessionId | None = None,
    ) -> Answer:
        """
        Wait for the charger's word, and put it on record.

        Args:
            command: what was wished.
            asked: what that is.
            answer: gives its word.
            about: what of it.
            good: its words that mean that it does it, and what there is to know of each; by default
                that it accepts.
            why_not: what others mean, and what to do.
            ends: the session that ends if it does.

        Raises:
            NoAnswer: it gives none.
            LOG_FAULTS: it could not be put on record.
        """
        status = await word_of(answer)
        detail = (good or {ACCEPTED: ""}).get(status)
        if detail is None:
            why = (why_not or {}).get(status, "it does not know how, or will not at present")
            refusal = RejectedByCharger(f"the charger answered {status}: {why}")
            return await self.noted(command, asked, status, refusal_of(refusal), about)
        done = ACCEPTED_ANSWER.model_copy(update={"detail": detail}) if detail else None
        return await self.noted(command, asked, status, done, about, ends)

    async def noted(
        self,
        command: UpkeepCommand,
        asked: Asked,
        status: str,
        answer: Answer | None = None,
        about: str = "",
        ends: SessionId | None = None,
    ) -> Answer:
        """Put on record what a charger was asked, and what it answered."""
        event = ChargerAsked(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            asked=asked,
            about=about[:ABOUT_MAX],
            status=status,
            session_id=ends,
        )
        return await self._records.asked(event, command, answer or ACCEPTED_ANSWER)
