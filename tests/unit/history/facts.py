"""Two garages, their chargers and their past, as logs hold them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.history.chain import GENESIS, Stored, hash_after
from shared.messages import Event
from shared.messages.balancer import CurrentLimitAllocated, LimitedBy, Rule
from shared.messages.installation import (
    ChargerAssigned,
    ChargerRemoved,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    FailSafeSet,
    InstallationCreated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.telemetry import ChargerConnected, ChargerRefused, Place
from shared.phases import PHASES, GridType, Phase
from shared.recorded import Meta, Recorded

GARAGE = "harbour-garage"
ELSEWHERE = "hill-garage"
SERIAL = "ZAP000123"
BAY = "bay-3"
BEGIN = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
HOME_ADDRESS = "10.0.0.5"


@dataclass
class Log:
    """A log that is written by hand: every act a minute after the one before."""

    service: str
    number: int = 0
    """Tells the ids of its events from those of other logs."""
    at: datetime = BEGIN
    events: list[Recorded] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def act(
        self,
        *events: Event,
        stream: str | None = None,
        actor: str = "nina",
        command_id: str | None = None,
        caused_by: str | None = None,
        allowed_by: str | None = None,
        minutes: float = 1,
    ) -> list[Recorded]:
        """Append what one command led to."""
        self.at += timedelta(minutes=minutes)
        meta = Meta(
            actor=actor,
            command_id=command_id or f"{self.service}-command-{self.at:%H%M%S}",
            correlation_id="corr",
            causation_id=caused_by,
            allowed_by=allowed_by,
        )
        return [self._recorded(it, stream, meta) for it in events]

    def _recorded(self, event: Event, stream: str | None, meta: Meta) -> Recorded:
        position = len(self.events) + 1
        name = stream or f"{self.service}-{event.aggregate_id}"
        self.versions[name] = self.versions.get(name, 0) + 1
        recorded = Recorded(
            position=position,
            stream=name,
            version=self.versions[name],
            event_id=UUID(int=self.number * 10_000 + position),
            recorded_at=self.at,
            type=type(event).__name__,
            schema_version=event.schema_version,
            data=event.model_dump_json().encode(),
            meta=meta,
        )
        self.events.append(recorded)
        return recorded

    def stored(self) -> list[Stored]:
        """The same as the database has it, with every hash."""
        return chained([stored_of(it) for it in self.events])


def stored_of(it: Recorded) -> Stored:
    meta = it.meta.model_dump_json(exclude_none=True).encode()
    about = (it.position, it.stream, it.version, it.type, it.schema_version, it.event_id)
    return Stored(*about, it.data, meta, it.recorded_at, b"")


def chained(events: Sequence[Stored]) -> list[Stored]:
    """Give every event the hash that belongs to it."""
    previous, done = GENESIS, []
    for event in events:
        previous = hash_after(previous, event)
        done.append(replace(event, hash=previous))
    return done


def layouts() -> Log:
    return Log("installation", number=1)


def telemetry() -> Log:
    return Log("telemetry", number=2)


def balancer() -> Log:
    return Log("balancer", number=3)


# --- Events ---


def created(installation_id: str = GARAGE, **changes: Any) -> InstallationCreated:
    given = {
        "name": "Harbour garage",
        "address": "Strandgata 1",
        "category": Category.COMMUNITY,
        "country": "NO",
        "type": InstallationType.GARAGE,
        "grid_type": GridType.TN_3_PHASE,
        "breaker_a": 160.0,
        "time_zone": "Europe/Oslo",
    }
    return InstallationCreated(installation_id=installation_id, **(given | changes))


def added(
    circuit_id: str = "level-2", parent_id: str | None = None, **changes: Any
) -> CircuitAdded:
    given: dict[str, Any] = {"name": circuit_id.replace("-", " ").capitalize(), "set_a": 63.0}
    return CircuitAdded(
        **{
            "installation_id": GARAGE,
            "circuit_id": circuit_id,
            "parent_id": parent_id,
            "breaker_a": 63.0,
            **given,
            **changes,
        }
    )


def narrowed(circuit_id: str = "level-2", set_a: float = 50.0) -> CircuitChanged:
    return CircuitChanged(
        installation_id=GARAGE, circuit_id=circuit_id, name="Level 2", breaker_a=63, set_a=set_a
    )


def assigned(
    serial: str = SERIAL, charger_id: str = BAY, circuit_id: str = "level-2", **changes: Any
) -> ChargerAssigned:
    given: dict[str, Any] = {
        "installation_id": GARAGE,
        "name": charger_id.replace("-", " ").capitalize(),
        "wiring": PHASES,
        "max_a": 32.0,
        "min_a": 6.0,
        "breaker_a": None,
        "fail_safe_a": 6.0,
        "moved_from": None,
    }
    about = {"serial": serial, "charger_id": charger_id, "circuit_id": circuit_id}
    return ChargerAssigned(**(given | about | changes))


def removed(serial: str = SERIAL, charger_id: str = BAY, **changes: Any) -> ChargerRemoved:
    given = {"installation_id": GARAGE, "charger_id": charger_id, "serial": serial}
    return ChargerRemoved(**(given | changes))


def locked(circuit_id: str | None = "level-2", serial: str = SERIAL) -> SerialLocked:
    return SerialLocked(
        installation_id=GARAGE, charger_id=BAY, serial=serial, circuit_id=circuit_id
    )


def unlocked(reason: str, ticket: str | None = None, serial: str = SERIAL) -> SerialUnlocked:
    return SerialUnlocked(
        installation_id=GARAGE, charger_id=BAY, serial=serial, reason=reason, ticket=ticket
    )


def deactivated(circuit_id: str = "level-2", reason: str | None = None) -> CircuitDeactivated:
    return CircuitDeactivated(installation_id=GARAGE, circuit_id=circuit_id, reason=reason)


def fail_safe(fail_safe_a: float) -> FailSafeSet:
    return FailSafeSet(
        installation_id=GARAGE, charger_id=BAY, fail_safe_a=fail_safe_a, wished=False
    )


def connected(remote: str = HOME_ADDRESS, serial: str = SERIAL) -> ChargerConnected:
    return ChargerConnected(
        installation_id=GARAGE,
        charger_id=BAY,
        serial=serial,
        vendor="Ampere",
        model="One",
        gateway_id="g1",
        remote=remote,
    )


def refused(remote: str, place: Place, serial: str = SERIAL) -> ChargerRefused:
    return ChargerRefused(
        serial=serial, reason="its serial is locked", remote=remote, place=place
    )


def allotted(limit_a: float, charger_id: str = BAY, sequence: int = 1) -> CurrentLimitAllocated:
    return CurrentLimitAllocated(
        installation_id=GARAGE,
        charger_id=charger_id,
        limit_a=limit_a,
        phases=(Phase.L1,),
        valid_until=BEGIN + timedelta(hours=1),
        sequence=sequence,
        epoch=1,
        limited_by=LimitedBy(
            rule=Rule.BREAKER, circuit_id="level-2", phase=Phase.L1, shared_by=3
        ),
    )


# --- Stories ---


def garage_with_a_charger() -> Log:
    """A garage with two levels and one charger on the second one."""
    log = layouts()
    log.act(created())
    log.act(added("level-1"), command_id="add-level-1")
    log.act(added("level-2"), command_id="add-level-2")
    log.act(assigned(), command_id="assign")
    return log


def garage_with_a_locked_charger() -> Log:
    """As above; then level 2 was deactivated, knowingly."""
    log = garage_with_a_charger()
    log.act(
        locked(),
        fail_safe(0.0),
        deactivated(reason="water in the garage"),
        actor="ola",
        command_id="down",
    )
    return log
