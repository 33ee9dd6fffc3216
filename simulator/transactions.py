"""
A charger's drivers: who is authorised, and the transaction that runs (OCPP 1.6, 3.5 to 3.7,
4.1).

A driver is authorised by the server; while the charger is offline, by its list, or by nobody where
strangers may charge. Either way the transaction begins at once; the server hears of it, and gives it
its number, when it can.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Final

from simulator.outbox import Message, Transaction
from simulator.outlet import Outlet
from simulator.payloads import Payload, needed, optional, timestamp
from simulator.registration import Registration
from simulator.reservations import Reservation

AUTHORISE_AGAIN_S: Final = 10.0
"""Pause before a driver is asked for again whom the server did not judge."""

NEVER_KNOWN: Final = -1
"""Stands for the number of a transaction that the server would not take."""


class Authorisation(Enum):
    """How far the driver at a charger has got."""

    NOBODY = auto()
    WANTED = auto()
    ASKED = auto()
    GIVEN = auto()
    REFUSED = auto()
    OVER = auto()
    """The transaction was ended while the car stays."""


def _anybody(_id_tag: str, _now_s: float) -> bool:
    """Nobody is asked who they are."""
    return True


@dataclass(slots=True, eq=False)
class Transactions:
    """The present driver of one charger. Moments are seconds since 1970."""

    outlet: Outlet
    registration: Registration
    tell: Callable[[Message], None]
    may_offline: Callable[[str, float], bool] = _anybody
    """Whether a card may charge, as far as the charger knows by itself."""
    running: Transaction | None = None
    id_tag: str = ""
    authorisation: Authorisation = Authorisation.NOBODY
    operative: bool = True
    """New transactions may begin."""
    reservation: Reservation | None = None
    """For whom it is kept."""
    _authorise_after_s: float = 0.0
    _inoperative_next: bool = False

    @property
    def barred(self) -> bool:
        """The car here may not charge, whatever the limits."""
        turned_away = self.authorisation in {Authorisation.REFUSED, Authorisation.OVER}
        return turned_away or self.registration.refused or not self.operative

    def driver_came(self, id_tag: str) -> None:
        """A driver shows a card; or, after a pause in the supply, would do so again."""
        self.id_tag, self.authorisation = id_tag, Authorisation.WANTED

    def driver_left(self) -> None:
        self.authorisation = Authorisation.NOBODY

    def authorise(self, now_s: float, *, connected: bool) -> None:
        """Ask the server about the driver, if there is one to be asked about."""
        waits = self.authorisation is not Authorisation.WANTED
        if waits or not self.operative or now_s < self._authorise_after_s:
            return
        if not connected:
            if self._kept_for(self.id_tag) and self.may_offline(self.id_tag, now_s):
                self.begin(self.id_tag, now_s)
            else:
                self.authorisation = Authorisation.REFUSED
            return
        self.authorisation = Authorisation.ASKED
        answered = partial(self._on_authorised, self.id_tag)
        self.tell(Message("Authorize", {"idTag": self.id_tag}, None, answered, keep=False))

    def begin(self, id_tag: str, now_s: float) -> None:
        """Let the car charge, from now on."""
        self.authorisation = Authorisation.GIVEN
        self.running = started = Transaction(id_tag)
        payload = {
            "connectorId": 1,
            "idTag": id_tag,
            "meterStart": int(self.outlet.register_wh),
            "timestamp": timestamp(self.registration.own_s(now_s)),
        }
        if self.reservation is not None:
            payload["reservationId"] = self.reservation.id
            self.reservation = None
        answered = partial(self._on_started, started)
        self.tell(Message("StartTransaction", payload, started, answered))

    def end(self, reason: str, now_s: float) -> None:
        """End the transaction, if there is one; the car gets nothing any more."""
        if self.running is not None:
            payload = {
                "idTag": self.running.id_tag,
                "meterStop": int(self.outlet.register_wh),
                "timestamp": timestamp(self.registration.own_s(now_s)),
                "reason": reason,
            }
            self.tell(Message("StopTransaction", payload, self.running))
            self.running = None
            self.authorisation = Authorisation.OVER
        if self._inoperative_next:
            self._inoperative_next, self.operative = False, False

    def change_availability(self, *, operative: bool) -> str:
        """Take the charger in or out of use; during a transaction, once it has ended."""
        if not operative and self.running is not None:
            self._inoperative_next = True
            return "Scheduled"
        self._inoperative_next, self.operative = False, operative
        return "Accepted"

    # --- Reservations ---

    def reserve(self, wanted: Reservation) -> str:
        """Keep it for somebody; return the status that answers ReserveNow."""
        held = self.reservation
        if self.outlet.car is not None or (held is not None and held.id != wanted.id):
            return "Occupied"
        if not self.operative:
            return "Unavailable"
        self.reservation = wanted
        return "Accepted"

    def expire(self, own_s: float) -> None:
        """Keep it for nobody whose time is over."""
        if self.reservation is not None and own_s >= self.reservation.until_s:
            self.reservation = None

    def _kept_for(self, id_tag: str, parent: str | None = None) -> bool:
        return self.reservation is None or self.reservation.lets(id_tag, parent)

    def connection_lost(self) -> None:
        """Nobody will answer any more what was asked."""
        if self.authorisation is Authorisation.ASKED:
            self.authorisation = Authorisation.WANTED

    def on_refused(self, message: Message, now_s: float) -> None:
        """Give a message up that the server would not take."""
        if message.action == "Authorize" and self.authorisation is Authorisation.ASKED:
            self.authorisation = Authorisation.WANTED
            self._authorise_after_s = now_s + AUTHORISE_AGAIN_S
        elif message.action == "StartTransaction" and message.transaction is not None:
            message.transaction.id = NEVER_KNOWN

    def _on_authorised(self, id_tag: str, answer: Payload, now_s: float) -> None:
        parent = optional(needed(answer, "idTagInfo", dict), "parentIdTag", str)
        accepted = _accepts_driver(answer) and self._kept_for(id_tag, parent)
        if self.authorisation is not Authorisation.ASKED or self.id_tag != id_tag:
            return
        if accepted:
            self.begin(id_tag, now_s)
        else:
            self.authorisation = Authorisation.REFUSED

    def _on_started(self, started: Transaction, answer: Payload, now_s: float) -> None:
        started.id = needed(answer, "transactionId", int)
        if not _accepts_driver(answer) and self.running is started:
            self.end("DeAuthorized", now_s)
            self.authorisation = Authorisation.REFUSED


def _accepts_driver(answer: Payload) -> bool:
    return needed(needed(answer, "idTagInfo", dict), "status", str) == "Accepted"
