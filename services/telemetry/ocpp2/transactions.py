"""
What TransactionEvents say (OCPP 2.0.1, part 2, section E): sessions, states and readings.

A transaction of 2.x may begin with a car, with a card or with current, as the charger is set. A session
here begins as soon as somebody was let in: with the first event that shows what the driver has shown, or
that says of the car that it charges or might. It begins in the log at what the register shows then; no
current flows before.

Events come late, twice, and after their successors. What they say of a session is told by its name, which
the charger gives it; what was said before is known by that name, whichever event said it. A state counts
if it is younger than the one before.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.telemetry.charger import Charger
from services.telemetry.frames import Payload
from services.telemetry.ocpp2.meter_values import BEGIN, END, Metering, metering
from services.telemetry.ocpp2.words import (
    AVAILABLE,
    FINISHING,
    GOES_ON,
    NO_ERROR,
    charging_status,
    reason_of,
)
from services.telemetry.payloads import CONNECTOR, moment_of
from services.telemetry.said import Began, CardShown, Ended, Metered, Said, StatusSaid

STARTED: Final = "Started"
ENDED: Final = "Ended"
NOBODY: Final = "NoAuthorization"
"""The type of an idToken of a charger that asks nobody who they are."""
REMEMBERED_MAX: Final = 16
"""Of so many transactions it is remembered what was said before they became sessions."""


@dataclass(slots=True)
class _Incipient:
    """What was said of a transaction so far."""

    started: bool = False
    """Its Started was heard."""
    first_wh: int | None = None
    latest_wh: int | None = None
    """What the register showed first and last."""
    card: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One TransactionEvent."""

    kind: str
    name: str
    trigger: str
    at: datetime
    connector: int
    card: str | None
    """The number of what is shown; none if nothing is, or nobody is asked."""
    asked: bool
    """An idToken is there, whatever it holds."""
    state: str | None
    stopped: str | None
    reservation: int | None
    metering: Metering

    @classmethod
    def of(cls, payload: Payload) -> "Event":
        """
        Read it.

        Raises:
            CallRefused: a field is impossible.
        """
        info = payload["transactionInfo"]
        return cls(
            kind=payload["eventType"],
            name=info["transactionId"],
            trigger=payload["triggerReason"],
            at=moment_of(payload),
            connector=payload.get("evse", {}).get("id", CONNECTOR),
            card=card_in(payload.get("idToken")),
            asked="idToken" in payload,
            state=info.get("chargingState"),
            stopped=info.get("stoppedReason"),
            reservation=payload.get("reservationId"),
            metering=metering(payload.get("meterValue", ()), "meterValue"),
        )

    @property
    def lets_in(self) -> bool:
        """Tell whether somebody has been let in by now."""
        return self.asked or self.state in GOES_ON


def card_in(token: Payload | None) -> str | None:
    """
    Read the number of what a driver has shown; none if they were not asked.

    >>> card_in({"idToken": "04A2", "type": "ISO14443"}), card_in({"idToken": "", "type": NOBODY})
    ('04A2', None)
    """
    if token is None or token["type"] == NOBODY:
        return None
    return str(token["idToken"]) or None


@dataclass(slots=True)
class Transactions:
    """Reads the transactions of one connection."""

    _incipient: OrderedDict[str, _Incipient] = field(default_factory=OrderedDict)
    _state_at: datetime | None = None
    """Of the youngest state that was told."""

    def hear(self, payload: Payload, known: Charger) -> tuple[Said, ...]:
        """
        Read one event.

        Args:
            payload: fits its schema.
            known: of the charger, from its log.

        Raises:
            CallRefused: a field is impossible.
        """
        event = Event.of(payload)
        runs = known.session is not None and known.session.name == event.name
        said = self._of_session(event, known, runs=runs)
        if event.kind != ENDED and event.metering.says_of_current:
            said.append(Metered(event.connector, event.name, event.metering.samples))
        said += self._of_state(event, known, session=runs or event.lets_in)
        return tuple(said)

    # --- Sessions ---

    def _of_session(self, event: Event, known: Charger, *, runs: bool) -> list[Said]:
        before = self._remembered(event)
        said: list[Said] = []
        begins = not runs and (event.lets_in or before.card is not None or event.kind == ENDED)
        if begins and not _outlived(event, known):
            began = _began(event, before, known)
            if began is not None:
                said.append(began)
        if event.card is not None and event.kind != ENDED and not said:
            said.append(CardShown(event.card))
        if event.kind == ENDED and (runs or said):
            said.append(_ended(event, before, known))
            self._incipient.pop(event.name, None)
        return said

    def _remembered(self, event: Event) -> _Incipient:
        """Take in what an event says of a transaction; return what is known of it besides."""
        before = self._incipient.setdefault(event.name, _Incipient())
        self._incipient.move_to_end(event.name)
        while len(self._incipient) > REMEMBERED_MAX:
            self._incipient.popitem(last=False)
        before.started = before.started or event.kind == STARTED
        shown_wh = event.metering.latest_wh
        if shown_wh is not None:
            before.first_wh = shown_wh if before.first_wh is None else before.first_wh
            before.latest_wh = max(shown_wh, before.latest_wh or shown_wh)
        if event.card is not None and event.kind != ENDED:
            before.card = before.card or event.card
        return before

    # --- States ---

    def _of_state(self, event: Event, known: Charger, *, session: bool) -> list[Said]:
        if self._state_at is not None and event.at < self._state_at:
            return []
        status = None
        if event.kind == ENDED:
            left = event.stopped == "EVDisconnected" or event.state == "Idle"
            status = None if left or known.status == AVAILABLE else FINISHING
        elif event.state is not None:
            status = charging_status(event.state, event.trigger, session=session)
        if status is None:
            return []
        self._state_at = event.at
        return [StatusSaid(event.connector, status, NO_ERROR, at=event.at)]


def _outlived(event: Event, known: Charger) -> bool:
    """Tell whether an event is of a transaction before the session that runs."""
    session = known.session
    return (
        session is not None
        and session.transaction is not None
        and event.at < session.started_at
    )


def _began(event: Event, before: _Incipient, known: Charger) -> Began | None:
    """Begin a session with an event; none while nobody knows what the register showed."""
    told = event.metering.register(BEGIN)
    if told is not None:
        at, register_wh = told
    elif before.started and before.first_wh is not None:
        at, register_wh = event.at, before.first_wh
    else:
        # What was said first is lost. Nothing has charged since the session before.
        last_wh = before.first_wh if known.register_wh is None else known.register_wh
        if last_wh is None and event.kind != ENDED:
            return None
        at, register_wh = event.at, last_wh or 0
    return Began(
        connector=event.connector,
        at=at if event.kind == ENDED else event.at,
        register_wh=register_wh,
        card=event.card or before.card,
        transaction=event.name,
        reservation=event.reservation,
        samples=event.metering.samples,
    )


def _ended(event: Event, before: _Incipient, known: Charger) -> Ended:
    return Ended(
        transaction=event.name,
        at=event.at,
        register_wh=_last_wh(event, before, known),
        reason=reason_of(event.stopped, event.trigger),
        card=event.card,
        samples=event.metering.samples,
    )


def _last_wh(event: Event, before: _Incipient, known: Charger) -> int:
    """Name what the register shows at the end; without a word of it, what it showed last."""
    told = event.metering.register(END)
    if told is not None:
        return told[1]
    latest = (before.latest_wh, known.register_wh)
    return max((it for it in latest if it is not None), default=0)
