"""Keeps one connected charger for whoever reserves it, and says when that is over."""

import asyncio
import contextlib
from typing import Final

import structlog

from services.telemetry import reserving
from services.telemetry.authorising import Shown, decide, parent_of
from services.telemetry.calls import AnsweredError, Aside
from services.telemetry.charger import ACCEPTED, Reservation
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.limits import RejectedByCharger
from services.telemetry.moments import Moment
from services.telemetry.parts import Parts
from services.telemetry.records import Records
from services.telemetry.remote_control import NotAuthorized
from services.telemetry.upkeep import Upkeep
from services.telemetry.wishes import answer_of, person_in, word_of
from shared.clock import utc_now
from shared.context import acting
from shared.event_store import fingerprint
from shared.messages import Answer, Command
from shared.messages.telemetry import SessionCommand
from shared.messages.upkeep import (
    Asked,
    CancelReservation,
    ChargerAsked,
    ChargerReserved,
    ReservationEnded,
    ReserveCharger,
    WhyReservationEnded,
)
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import refusal_of

WHY_NOT: Final = {
    "Occupied": "it is in use, or kept for somebody that nobody here knows of",
    "Faulted": "it has a fault; look at it first",
    "Unavailable": "it is out of use; take it into use first",
    "Rejected": "it keeps itself for nobody",
}
"""OCPP 1.6 ReservationStatus."""

log = structlog.get_logger()


class Reservations:
    """For whom one connected charger is kept."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        upkeep: Upkeep,
        records: Records,
        lost: Moment,
        aside: Aside,
    ) -> None:
        """
        Make it; `watch` begins, once the connection serves.

        Args:
            parts: what all connections stand on.
            history: the charger's.
            upkeep: tells it.
            records: what it was asked in vain.
            lost: set when the connection is gone.
            aside: does something besides.
        """
        self._parts = parts
        self._history = history
        self._upkeep = upkeep
        self._records = records
        self._lost = lost
        self._aside = aside

    # --- Beginning ---

    async def reserve(self, command: ReserveCharger, actor: str) -> Answer:
        """
        Have the charger kept for somebody.

        Raises:
            Refused: it may not be, or the charger does not answer.
            LOG_FAULTS: it could not be put on record.
        """
        assigned, state, now = self._history.assigned, self._history.state, utc_now()
        rights = self._parts.rights
        reservation_id = reserving.id_of(command.command_id)
        shown, tag = self._shown(command, actor, reservation_id)
        decision = decide(assigned, shown, rights.known, now)
        if not decision.accepted:
            raise NotAuthorized(decision.reason)
        fresh = reserving.reserve(state, shown, reservation_id, command.until, now)
        if fresh != reservation_id:  # theirs goes on under its number
            shown, tag = self._shown(command, actor, fresh)
        parent = None if shown.person_id is None else parent_of(shown.person_id)
        status = await word_of(self._upkeep.reserve(fresh, tag, parent, command.until))
        if status != ACCEPTED:
            why = WHY_NOT.get(status, "it may not know reservations")
            refusal = RejectedByCharger(f"the charger answered {status}: {why}")
            asked = self._asked(command, Asked.RESERVE, status)
            return await self._records.asked(asked, command, refusal_of(refusal))
        event = reserving.reserved(assigned, fresh, shown, command.until)
        answer = await self._record(event, command)
        self.watch()
        return answer

    def _shown(
        self, command: ReserveCharger, actor: str, reservation_id: int
    ) -> tuple[Shown, str]:
        """Say who they are that it is kept for, and what the charger is told."""
        rights = self._parts.rights
        if command.card is not None:
            mark = rights.mark_of(command.card)
            return Shown.of_card(mark, rights.card(mark)), command.card
        person_id = command.person_id or person_in(actor)
        if person_id is None:
            raise reserving.ForNobody("say for whom: a person, or a card")
        tag = reserving.tag_of(reservation_id, self._history.assigned, rights.mark_of)
        return Shown.of_app(rights.mark_of(tag), person_id), tag

    # --- Ending ---

    async def cancel(self, command: CancelReservation, actor: str) -> Answer:
        """
        End the reservation.

        Raises:
            Refused: it may not be, or the charger does not answer.
            LOG_FAULTS: it could not be put on record.
        """
        assigned, state = self._history.assigned, self._history.state
        grants, person_id = self._parts.rights.known.grants, person_in(actor)
        kept = reserving.cancel(state, assigned, person_id, grants, utc_now())
        try:
            # That it knows of none (Rejected) is as good: it is kept for nobody then.
            await answer_of(self._upkeep.cancel_reservation(kept.reservation_id))
        except AnsweredError as error:
            refusal = RejectedByCharger(f"the charger answered {error}; wait until it is over")
            asked = self._asked(command, Asked.CANCEL_RESERVATION, str(error))
            return await self._records.asked(asked, command, refusal_of(refusal))
        event = reserving.over(assigned, kept, WhyReservationEnded.CANCELLED)
        return await self._record(event, command)

    def watch(self) -> None:
        """Wait for the end of a reservation, if there is one."""
        kept = self._history.state.reservation
        if kept is not None and not kept.ended:
            self._aside(self._expire(kept))

    async def _expire(self, kept: Reservation) -> None:
        wait_s = max(0.0, (kept.until - utc_now()).total_seconds())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), wait_s)
        if self._lost.is_set():
            return  # the next connection sees to it
        with acting(f"charger/{self._history.assigned.serial}"):
            state, assigned = self._history.state, self._history.assigned
            try:
                await self._history.record(reserving.expired(state, assigned, utc_now()))
            except LOG_FAULTS as fault:  # its time is over all the same
                log.warning("end of a reservation not put on record", fault=repr(fault))

    # --- On record ---

    async def _record(
        self, event: ChargerReserved | ReservationEnded, command: Command
    ) -> Answer:
        position = await self._history.record(
            [event], command.command_id, fingerprint(command), ACCEPTED_ANSWER
        )
        return ACCEPTED_ANSWER.model_copy(update={"position": position})

    def _asked(self, command: SessionCommand, asked: Asked, status: str) -> ChargerAsked:
        return ChargerAsked(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            asked=asked,
            status=status,
        )
