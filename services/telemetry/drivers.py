"""
The drivers at one charger: judged, put on record, and only then answered.

Decisions are on streams of their own: nothing that a charger has to say waits for them in the log. What
the app has authorised is found there again, by the mark of the one-time tag that the charger brings back.
"""

import secrets
import time
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.telemetry.authorising import Decision, Shown, Status, decide, decide_end
from services.telemetry.charger import AssignedCharger, Session
from services.telemetry.histories import History
from services.telemetry.parts import Parts
from services.telemetry.reserving import is_tag, tag_of
from shared.clock import utc_now
from shared.context import present_context
from shared.decider import Claim
from shared.event_store import CommandKnown, Commit, StreamEvents, Taken, fingerprint
from shared.ids import PersonId, new_id
from shared.messages import Answer, Command
from shared.messages.telemetry import (
    ChargingRequested,
    DriverAuthorized,
    FirmwareUpdateRequested,
    Through,
)
from shared.recorded import Meta, Recorded
from shared.transact import ACCEPTED

TAG_BEGINS: Final = "APP-"
TAG_BYTES: Final = 8
"""With what it begins with, 20 characters: an OCPP 1.6 IdToken holds no more."""
TAG_FOR: Final = timedelta(minutes=15)
"""How long after it was given an authorisation of the app may begin a session."""
CLOCK_OFF: Final = timedelta(minutes=2)
"""By how much a charger's clock may be behind ours when it says when a session began."""
LOOKED_AT_MAX: Final = 500
"""Among so many latest decisions at a charger one of the app is looked for: more than come in `TAG_FOR`."""
TAG_CLAIM: Final = "app-tag"
QUIET_S: Final = 30.0
"""For how long the same decision on the same card, one after the other, is on record once."""

log = structlog.get_logger()


class Drivers:
    """Judges whoever wants to charge at one charger."""

    def __init__(self, parts: Parts, history: History) -> None:
        self._parts = parts
        self._history = history
        self._latest: tuple[Decision, float] | None = None
        """What was put on record last, and when, by a clock that never goes back."""

    @property
    def _assigned(self) -> AssignedCharger:
        return self._history.assigned

    # --- What charger and app ask ---

    async def authorize(self, number: str) -> Decision:
        """
        Judge who shows a card before a session.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        decision = self._judged(await self._shown(number, utc_now()))
        now_s = time.monotonic()
        if self._latest is not None:
            latest, at_s = self._latest
            if latest == decision and now_s - at_s < QUIET_S:
                return decision
        await self._record(decision)
        self._latest = (decision, now_s)
        return decision

    async def begin(self, number: str, mark: str, started_at: datetime) -> Decision:
        """
        Judge who has begun a session.

        Args:
            number: of what was shown.
            mark: names the start; its repetitions have the same one.
            started_at: by the charger's clock.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        shown = await self._shown(number, started_at)
        decision = self._judged(shown)
        once = (Claim(TAG_CLAIM, shown.mark, mark),) if shown.through is Through.APP else ()
        try:
            await self._record(decision, mark, once)
        except Taken:
            why = (
                "this authorisation has begun a session before; ask for another one in the app"
            )
            decision = Decision(Shown(shown.mark), Status.INVALID, why)
            await self._record(decision, mark)
        return decision

    async def end(self, number: str, mark: str) -> Decision:
        """
        Judge who has ended the session that runs; refusals are put on record, the end itself says the rest.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        shown = await self._shown(number, utc_now())
        session, known = self._history.state.session, self._parts.rights.known
        decision = decide_end(self._assigned, session, shown, known, utc_now())
        if not decision.accepted:
            await self._record(decision, mark)
        return decision

    async def may_go_on(self, session: Session) -> bool:
        """
        Judge whether the driver of a session may still charge; that they may not is put on record.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        if session.card_mark is None or session.person_id is None:
            return True
        card = self._parts.rights.card(session.card_mark)
        shown = Shown(
            session.card_mark, session.person_id, blocked=card is not None and card.blocked
        )
        decision = self._judged(shown)
        if not decision.accepted:
            await self._record(decision, f"revoked-{session.session_id}")
        return decision.accepted

    async def authorize_in_app(self, person_id: PersonId | None) -> tuple[Decision, str]:
        """
        Judge who wants to begin a session from afar, and mint what the charger is to bring back.

        Args:
            person_id: who it is; none where nobody is asked who they are.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        tag = self._tag_kept_for(person_id) or (
            f"{TAG_BEGINS}{secrets.token_hex(TAG_BYTES).upper()}"
        )
        shown = Shown.of_app(self._parts.rights.mark_of(tag), person_id)
        decision = self._judged(shown)
        await self._record(decision)
        return decision, tag

    async def put_on_record(
        self,
        event: ChargingRequested | FirmwareUpdateRequested,
        command: Command,
        answer: Answer,
    ) -> int:
        """
        Put on record what a charger was asked from afar, and what a repetition of that is answered.

        Returns:
            The position in the log.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        command_id, part = command.command_id, StreamEvents(self._stream, None, [event])
        return await self._parts.store.append(
            Commit(command_id, fingerprint(command), answer, meta_of(command_id), [part])
        )

    # --- Judging ---

    def _judged(self, shown: Shown) -> Decision:
        kept = self._history.state.reservation
        return decide(self._assigned, shown, self._parts.rights.known, utc_now(), kept)

    def _tag_kept_for(self, person_id: PersonId | None) -> str | None:
        """Name what a charger was told that it is kept for somebody by; another tag it would turn away."""
        kept = self._history.state.reservation
        if kept is None or person_id != kept.person_id or not kept.holds(utc_now()):
            return None
        mark_of = self._parts.rights.mark_of
        tag = tag_of(kept.reservation_id, self._assigned, mark_of)
        return tag if mark_of(tag) == kept.card_mark else None

    async def _shown(self, number: str, at: datetime) -> Shown:
        rights = self._parts.rights
        mark = rights.mark_of(number)
        card, kept = rights.card(mark), self._history.state.reservation
        if card is None and is_tag(number) and kept is not None and mark == kept.card_mark:
            return Shown.of_app(mark, kept.person_id)
        if card is None and number.upper().startswith(TAG_BEGINS):
            given = await self._authorized(mark, at)
            if given is not None:
                return Shown.of_app(mark, given.person_id)
        return Shown.of_card(mark, card)

    async def _authorized(self, mark: str, at: datetime) -> DriverAuthorized | None:
        """Find what was authorised in the app for this charger, shortly before a moment."""
        for recorded in await self._parts.store.latest(self._stream, LOOKED_AT_MAX):
            given = recorded.event
            if (
                isinstance(given, DriverAuthorized)
                and given.card_mark == mark
                and self._is_here(given)
                and _in_time(recorded, at)
            ):
                return given
        return None

    def _is_here(self, given: DriverAuthorized) -> bool:
        here = self._assigned
        place = (given.installation_id, given.charger_id)
        return place == (here.installation_id, here.charger_id)

    # --- On record ---

    @property
    def _stream(self) -> str:
        return f"drivers-{self._assigned.charger_id}"

    async def _record(
        self,
        decision: Decision,
        mark: str | None = None,
        claims: tuple[Claim, ...] = (),
    ) -> None:
        """Put a decision on record; once for all repetitions of one message, unless it is another one."""
        await self._history.check_held()
        if not decision.accepted:
            log.info("driver refused", status=str(decision.status), reason=decision.reason)
        event = decision.event(self._assigned, self._parts.rights.known)
        command_id = new_id() if mark is None else f"{mark}-{decision.status}"
        part = StreamEvents(self._stream, None, [event])
        commit = Commit(
            command_id, new_id().encode(), ACCEPTED, meta_of(command_id), [part], claims
        )
        try:
            await self._parts.store.append(commit)
        except CommandKnown:
            return  # the charger has said it before, and it is on record


def _in_time(given: Recorded, at: datetime) -> bool:
    """Tell whether a moment by a charger's clock is shortly after an authorisation was given."""
    return given.recorded_at - CLOCK_OFF <= at <= given.recorded_at + TAG_FOR


def meta_of(command_id: str) -> Meta:
    """Say by whom and in which connection something is done."""
    context = present_context()
    return Meta(
        actor=context.actor,
        command_id=command_id,
        correlation_id=context.correlation_id,
        causation_id=context.causation_id,
        allowed_by=context.allowed_by,
    )
