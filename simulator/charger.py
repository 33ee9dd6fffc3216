"""
One charger: what it does with its car, and what it tells its server.

A charger has no socket of its own (see link.py), only messages to be sent when there is one. It
energises a car when the server has accepted the charger at some time and a transaction runs.
Configuration, charging profiles, the registration, the meter's register and the messages of
transactions survive a lost connection and a lost supply.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from shared.units import PILOT_MIN_A
from simulator.cars import Car
from simulator.configuration import (
    AUTHORIZE_OFFLINE,
    HEARTBEAT_INTERVAL,
    LIST_ENABLED,
    SAMPLE_INTERVAL,
    STRANGERS_OFFLINE,
    Configuration,
)
from simulator.grid import NOTHING, Draw
from simulator.local_list import LocalList
from simulator.outbox import Message, Outbox
from simulator.outlet import Outlet
from simulator.payloads import Payload, timestamp
from simulator.readings import PERIODIC, meter_value
from simulator.registration import CLOCK_ERROR_S_MAX, Registration
from simulator.reservations import Reservation
from simulator.roots import Roots
from simulator.security import Security
from simulator.transactions import Authorisation, Transactions

VENDOR = "Simulated"


def _nobody() -> None:
    """Nobody listens yet."""


@dataclass(slots=True, eq=False)
class Charger:
    """The charger with one serial number. Moments are seconds since 1970."""

    serial: str
    outlet: Outlet
    rng: Random
    host: str | None = None
    """The network address it connects from; none: whichever the machine gives it."""
    notify: Callable[[], None] = _nobody
    """Called whenever there is something to send, or the supply comes or goes."""

    configuration: Configuration = field(default_factory=Configuration)
    registration: Registration = field(default_factory=Registration)
    local_list: LocalList = field(default_factory=LocalList)
    outbox: Outbox = field(default_factory=Outbox)
    security: Security = field(default_factory=Security)
    roots: Roots = field(default_factory=Roots)
    transactions: Transactions = field(init=False)
    has_socket: bool = False
    """Cars bring their cable, and it can let go of one; otherwise the cable is fixed to it."""

    supplied: bool = True
    restarting: bool = False
    connected: bool = False
    resetting: str | None = None
    """The kind of reset that the server asked for and that is still to be done."""
    status: str = "Available"
    _sample_s: int = field(init=False, default=0)
    _sample_at_s: float = field(init=False, default=0.0)
    _heartbeat_s: float = field(init=False, default=0.0)
    """When the server was last asked for the time."""

    def __post_init__(self) -> None:
        self.transactions = Transactions(
            self.outlet, self.registration, self.tell, self._may_offline
        )
        self.configuration.skill = self.outlet.profiles.skill
        self.outlet.register_wh += self.rng.randrange(10_000, 5_000_000)
        error_s = self.rng.uniform(-CLOCK_ERROR_S_MAX, CLOCK_ERROR_S_MAX)
        self.registration.clock_error_s = error_s

    @property
    def wish(self) -> Draw:
        """What the car here would take without limits: nothing if it may not charge."""
        return self.outlet.wish if self.powered and not self.transactions.barred else NOTHING

    def _may_offline(self, id_tag: str, now_s: float) -> bool:
        """Tell whether a card may charge while the server cannot be asked (OCPP 1.6, section 3.5.1)."""
        listed = None
        if self.configuration.on(LIST_ENABLED):
            listed = self.local_list.find(id_tag)
        if listed is None:
            return self.configuration.on(STRANGERS_OFFLINE)
        own_s = self.registration.own_s(now_s)
        return self.configuration.on(AUTHORIZE_OFFLINE) and listed.accepts(own_s)

    # --- Cars come and go ---

    def plug(self, car: Car, id_tag: str, now_s: float) -> None:
        """Connect a car, whose driver shows a card."""
        self.outlet.plug(car)
        self.transactions.driver_came(id_tag)
        self._show("Preparing", now_s)

    def unplug(self, now_s: float) -> None:
        """Disconnect the car; a transaction ends with it."""
        if self.powered:
            self.transactions.end("EVDisconnected", now_s)
        self.outlet.unplug()
        self.transactions.driver_left()
        self._show(self._present_status(), now_s)

    def carry(self, host: str | None, now_s: float) -> None:
        """Take it off the wall, to where it has another network address; `power_on` puts it up."""
        self.unplug(now_s)
        self.power_off()
        self.host = host

    # --- Supply, connection, registration ---

    @property
    def powered(self) -> bool:
        return self.supplied and not self.restarting

    def power_off(self) -> None:
        """Lose the supply, this instant."""
        self.supplied = False
        self._stop()

    def power_on(self, now_s: float) -> None:
        """Get the supply back."""
        self.supplied = True
        self._start(now_s)

    def restart_begins(self) -> None:
        """Go down, as the server asked for."""
        self.restarting, self.resetting = True, None
        self._stop()

    def restart_ends(self, now_s: float) -> None:
        """Come up again, if there still is a supply."""
        self.restarting = False
        self._start(now_s)

    def _stop(self) -> None:
        self.outlet.cut()
        self.notify()

    def _start(self, now_s: float) -> None:
        """Boot; end what was interrupted; let the driver start anew."""
        if self.powered:
            self.registration.boot_again(now_s)
            self.transactions.end("PowerLoss", now_s)
            if self.outlet.car is not None:
                self.transactions.driver_came(self.transactions.id_tag)
            self.notify()

    def on_disconnected(self) -> None:
        """Lose the connection; charging goes on."""
        self.connected = False
        self.outbox.connection_lost()
        self.transactions.connection_lost()

    def boot_payload(self) -> Payload:
        return {
            "chargePointVendor": VENDOR,
            "chargePointModel": f"Garage {self.outlet.max_a:g} A",
            "chargePointSerialNumber": self.serial,
            "firmwareVersion": "1.0.0",
        }

    def on_booted(self, answer: Payload, now_s: float) -> None:
        """
        Take the answer to BootNotification.

        Raises:
            CallRefused: if the answer is not one; nothing has changed then.
        """
        heartbeat_s = self.registration.answered(answer, now_s)
        self.outlet.limits_changed()
        if heartbeat_s > 0:
            self.configuration.change(HEARTBEAT_INTERVAL, str(heartbeat_s))
        if self.registration.accepted:
            self._heartbeat_s = now_s
            for connector in (0, 1):
                self.tell_status(connector, now_s)

    def set_clock(self, answer: Payload, now_s: float) -> None:
        """Set the clock to the server's, which may bring another limit into force."""
        self.registration.set_clock(answer, now_s)
        self.outlet.limits_changed()

    def jolt_clock(self, error_s: float) -> None:
        """Have the clock jump, so that it is off by so many seconds until it is set the next time."""
        self.registration.clock_error_s = error_s
        self.outlet.limits_changed()

    # --- Reservations ---

    def reserve(self, wanted: Reservation, now_s: float) -> str:
        """Be kept for somebody; return the status that answers ReserveNow."""
        status = self.transactions.reserve(wanted)
        if status == "Accepted" and self.registration.accepted:
            self._show(self._present_status(), now_s)
        return status

    def end_reservation(self, reservation_id: int, now_s: float) -> bool:
        """Be kept for nobody any more; tell whether it was, by that number."""
        reservation = self.transactions.reservation
        if reservation is None or reservation.id != reservation_id:
            return False
        self.transactions.reservation = None
        self._show(self._present_status(), now_s)
        return True

    # --- What it tells ---

    def tell(self, message: Message) -> None:
        """Have a message sent as soon as it may be."""
        message.offline = not self.connected
        self.outbox.put(message)
        self.notify()

    def tell_status(self, connector: int, now_s: float, *, triggered: bool = False) -> None:
        """Report a connector's status; connector 0 is the charger as a whole."""
        payload = {
            "connectorId": connector,
            "errorCode": "NoError",
            "status": self.status if connector else self._whole_status(),
            "timestamp": timestamp(self.registration.own_s(now_s)),
        }
        self.tell(Message("StatusNotification", payload, triggered=triggered))

    def tell_reading(
        self, now_s: float, context: str = PERIODIC, *, triggered: bool = False
    ) -> None:
        """Report what the meter shows."""
        measurands = self.configuration.measurands
        if not measurands:
            return
        own_s = self.registration.own_s(now_s)
        reading = meter_value(own_s, self.outlet, measurands, context)
        payload: Payload = {"connectorId": 1, "meterValue": [reading]}
        running = self.transactions.running
        self.tell(Message("MeterValues", payload, running, triggered=triggered))

    def tell_heartbeat(self, *, triggered: bool = False) -> None:
        """Say that it is alive, and ask for the time."""
        clock = self.set_clock
        self.tell(Message("Heartbeat", {}, None, clock, keep=False, triggered=triggered))

    def tell_security(self, kind: str, now_s: float, info: str | None = None) -> None:
        """Report something that concerns its security."""
        at = timestamp(self.registration.own_s(now_s))
        told = {"type": kind, "timestamp": at} | ({} if info is None else {"techInfo": info})
        self.tell(Message("SecurityEventNotification", told))

    def ask_for_certificate(self) -> None:
        """Make a key, and ask for a certificate of it."""
        self.tell(Message("SignCertificate", {"csr": self.security.request(self.serial)}))

    # --- Time passes ---

    def step(self, now_s: float, dt_s: float, speed: float) -> None:
        """Let a while pass, physically; see `Outlet.step`."""
        if self.powered:
            running = self.transactions.running is not None
            self.outlet.closed = self.registration.accepted and running
            self.outlet.step(now_s, self.registration.own_s(now_s), dt_s, speed)

    def tick(self, now_s: float) -> None:
        """Do what is due: authorise, report."""
        if not self.powered or not self.registration.accepted:
            return
        self.transactions.expire(self.registration.own_s(now_s))
        if self.resetting is None:
            self.transactions.authorise(now_s, connected=self.connected)
        self._show(self._present_status(), now_s)
        self._sample(now_s)
        heartbeat_s = self.configuration.seconds(HEARTBEAT_INTERVAL)
        if self.connected and heartbeat_s and now_s >= self._heartbeat_s + heartbeat_s:
            self._heartbeat_s = now_s
            self.tell_heartbeat()

    def _sample(self, now_s: float) -> None:
        every_s = self.configuration.seconds(SAMPLE_INTERVAL)
        if every_s != self._sample_s:
            # Chargers do not all sample at the same instant.
            self._sample_s, self._sample_at_s = every_s, now_s + self.rng.random() * every_s
        if every_s and self.transactions.running is not None and now_s >= self._sample_at_s:
            missed = (now_s - self._sample_at_s) // every_s
            self._sample_at_s += every_s * (missed + 1)
            self.tell_reading(now_s)

    def _whole_status(self) -> str:
        return "Available" if self.transactions.operative else "Unavailable"

    def _present_status(self) -> str:
        car = self.outlet.car
        if car is None:
            reserved = self.transactions.reservation is not None
            return "Reserved" if reserved else self._whole_status()
        if self.transactions.running is None:
            over = self.transactions.authorisation is Authorisation.OVER
            return "Finishing" if over else "Preparing"
        if self.outlet.offered_a < PILOT_MIN_A:
            return "SuspendedEVSE"
        if self.outlet.draw.a > 0.0:
            return "Charging"
        # A car that was offered current takes seconds to react; that is no news.
        return "SuspendedEV" if car.full else self.status

    def _show(self, status: str, now_s: float) -> None:
        if self.powered and status != self.status:
            self.status = status
            if self.registration.accepted:
                self.tell_status(1, now_s)
