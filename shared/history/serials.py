"""Where a serial number is and was, what locked it, and what its charger has done since."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.history.states import Charger, Installation
from shared.ids import ChargerId, CircuitId, InstallationId, Serial
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerRefused,
    Place,
)


class Standing(StrEnum):
    """What may be said of a serial number in a word."""

    NEVER_SEEN = "never seen"
    """Nobody has assigned it, and it has never tried to connect."""
    KNOCKED_ONLY = "never assigned"
    """Nobody has assigned it, but it has tried to connect."""
    IN_USE = "in use"
    OUT_OF_USE = "out of use"
    """Its circuit is deactivated, though it is not locked itself."""
    LOCKED = "locked"
    REMOVED = "removed"
    """It was assigned once, and can be assigned anywhere."""


@dataclass(frozen=True, slots=True)
class Doing:
    """Who did something, when, and where it is in the log."""

    at: datetime
    actor: str
    position: int
    command_id: str


@dataclass(frozen=True, slots=True)
class Lock:
    """What locked a serial: it went down with a circuit, or (none) with its installation."""

    done: Doing
    circuit_id: CircuitId | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """The time a serial spends in one installation under one id."""

    installation_id: InstallationId
    charger_id: ChargerId
    circuit_id: CircuitId
    circuit_name: str
    name: str
    assigned: Doing
    removed: Doing | None = None
    moved_from: InstallationId | None = None
    moved_to: InstallationId | None = None
    unlocked: Doing | None = None
    """When it was unlocked last; if it was removed with the same command, by support."""
    unlock_reason: str | None = None
    ticket: str | None = None

    @property
    def freed(self) -> bool:
        """Tell whether it ended because support unlocked the serial."""
        if self.removed is None or self.unlocked is None:
            return False
        return self.removed.command_id == self.unlocked.command_id

    def covers(self, at: datetime) -> bool:
        """Tell whether a moment lies within the stay."""
        return self.assigned.at <= at and (self.removed is None or at <= self.removed.at)


@dataclass(frozen=True, slots=True)
class Contact:
    """A charger that connected, was turned away, or went."""

    at: datetime
    event: ChargerConnected | ChargerDisconnected | ChargerRefused
    place: Place
    """Of a refused one: as telemetry told it, or told by comparing with the last known address."""


@dataclass(frozen=True, slots=True)
class SerialStory:
    """Everything the logs say of one serial number."""

    serial: Serial
    stays: tuple[Stay, ...] = ()
    lock: Lock | None = None
    """While it is locked."""
    contacts: tuple[Contact, ...] = ()
    installations: dict[InstallationId, Installation] = field(default_factory=dict)
    """The installations it is or was in, as they are now."""

    @property
    def stay(self) -> Stay | None:
        """Where it is now, if it is anywhere."""
        return self.stays[-1] if self.stays and self.stays[-1].removed is None else None

    @property
    def installation(self) -> Installation | None:
        """The installation it is in now, if it is in any."""
        return None if self.stay is None else self.installations[self.stay.installation_id]

    @property
    def charger(self) -> Charger | None:
        """What it is described as now, if it is in an installation."""
        if self.stay is None or self.installation is None:
            return None
        return self.installation.chargers.get(self.stay.charger_id)

    @property
    def standing(self) -> Standing:
        if self.stay is None:
            if self.stays:
                return Standing.REMOVED
            return Standing.KNOCKED_ONLY if self.contacts else Standing.NEVER_SEEN
        if self.lock is not None:
            return Standing.LOCKED
        return Standing.OUT_OF_USE if self.blocking else Standing.IN_USE

    @property
    def blocking(self) -> list[CircuitId | None]:
        """What above it is out of use, from the top; none stands for the installation."""
        if self.stay is None or self.installation is None:
            return []
        return self.installation.out_of_use(self.stay.circuit_id)

    def since_lock(self) -> list[Contact]:
        """What its charger has done since it was locked."""
        if self.lock is None:
            return []
        return [it for it in self.contacts if it.at >= self.lock.done.at]

    @property
    def connected_from(self) -> str | None:
        """The address of its last accepted connection, if one is known."""
        known = (it.event for it in self.contacts if isinstance(it.event, ChargerConnected))
        return next((it.remote for it in reversed(list(known)) if it.remote), None)

    def has_charger(
        self, installation_id: InstallationId, charger_id: ChargerId, at: datetime
    ) -> bool:
        """Tell whether a charger of an installation was this serial at a moment."""
        return any(
            (it.installation_id, it.charger_id) == (installation_id, charger_id)
            and it.covers(at)
            for it in self.stays
        )
