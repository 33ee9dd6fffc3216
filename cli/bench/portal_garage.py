"""A garage of 200 chargers that people look at: how it is set up, and what is told and read there."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.ids import new_id
from shared.messages import Event
from shared.messages.balancer import (
    MAIN,
    BreakerLoad,
    CurrentLimitAllocated,
    LimitedBy,
    Rule,
    SiteBalance,
)
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    CreateInstallation,
    InstallationCommand,
    NewCharger,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerStatusChanged,
    CurrentLimitApplied,
    FailSafeApplied,
    MeterReading,
    SessionStarted,
)
from shared.phases import PHASES, GridType, Phase, PhaseCurrents

GARAGE: Final = "bench-garage"
CIRCUITS: Final = 10
EACH: Final = 20
CHARGERS: Final = CIRCUITS * EACH
MAIN_A: Final = 400.0
CIRCUIT_A: Final = 63.0
LIMIT_A: Final = 10.0
LEASE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Bay:
    """A charger, by its number; three of four have a car, on one line each."""

    number: int

    @property
    def charger_id(self) -> str:
        return f"bay-{self.number}"

    @property
    def circuit_id(self) -> str:
        return f"level-{self.number // EACH + 1}"

    @property
    def car(self) -> bool:
        return self.number % 4 != 0

    @property
    def line(self) -> Phase:
        return PHASES[self.number % 3]


BAYS: Final = tuple(Bay(it) for it in range(CHARGERS))


def layout() -> Iterator[InstallationCommand]:
    """Ask for the installation, its circuits and chargers."""
    here = {"installation_id": GARAGE}
    yield CreateInstallation(
        command_id=new_id(),
        name="Bench garage",
        address="Harbour 1, Bergen",
        category=Category.COMMUNITY,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=MAIN_A,
        **here,
    )
    for number in range(1, CIRCUITS + 1):
        circuit = here | {"circuit_id": f"level-{number}"}
        yield AddCircuit(
            command_id=new_id(), name=f"Level {number}", breaker_a=CIRCUIT_A, **circuit
        )
        yield AssignChargers(
            command_id=new_id(),
            chargers=tuple(
                NewCharger(
                    charger_id=it.charger_id,
                    serial=f"LOOK{it.number:06}",
                    name=f"Bay {it.number + 1}",
                )
                for it in BAYS
                if it.circuit_id == circuit["circuit_id"]
            ),
            **circuit,
        )


def lives(now: datetime) -> Iterator[Event]:
    """Tell what gateway and balancer have announced of every charger until now."""
    for bay in BAYS:
        of = {"installation_id": GARAGE, "charger_id": bay.charger_id}
        yield FailSafeApplied(fail_safe_a=6.0, **of)
        yield ChargerConnected(
            serial=f"LOOK{bay.number:06}",
            vendor="Bench",
            model="Two",
            firmware="1.0",
            gateway_id="bench",
            remote="10.0.0.1",
            **of,
        )
        yield ChargerStatusChanged(
            status="Charging" if bay.car else "Available",
            error_code="NoError",
            reported_at=now,
            **of,
        )
        if bay.car:
            yield SessionStarted(
                session_id=f"session-{bay.number}",
                transaction_id=bay.number,
                started_at=now,
                register_wh=1_000_000,
                **of,
            )
            yield from _limit(bay, now)


def _limit(bay: Bay, now: datetime) -> Iterator[Event]:
    of = {"installation_id": GARAGE, "charger_id": bay.charger_id}
    lease = {"limit_a": LIMIT_A, "valid_until": now + LEASE, "sequence": 1, "epoch": 1}
    shared = LimitedBy(
        rule=Rule.BREAKER, circuit_id=bay.circuit_id, phase=bay.line, shared_by=EACH // 4
    )
    yield CurrentLimitAllocated(phases=(bay.line,), limited_by=shared, **lease, **of)
    yield CurrentLimitApplied(applied_at=now, **lease, **of)


def reading(bay: Bay, now: datetime, current_a: float) -> MeterReading:
    """Read one meter."""
    return MeterReading(
        installation_id=GARAGE,
        charger_id=bay.charger_id,
        session_id=f"session-{bay.number}",
        measured_at=now,
        received_at=now,
        current_a=on_line(bay.line, current_a),
        register_wh=1_001_000 + bay.number,
    )


def balance(now: datetime, beat: int) -> SiteBalance:
    """Add up, about as it is; every figure is another one each time."""
    wobble = 0.4 * math.sin(beat)
    return SiteBalance(
        installation_id=GARAGE,
        measured_at=now,
        decisions=beat,
        breakers=(
            _load(MAIN, MAIN_A, 380.0 + wobble),
            *(_load(f"level-{it}", CIRCUIT_A, 50.0 + wobble) for it in range(1, CIRCUITS + 1)),
        ),
    )


def _load(circuit_id: str, set_a: float, measured_a: float) -> BreakerLoad:
    committed_a = min(set_a, measured_a + 3)
    return BreakerLoad(
        circuit_id=circuit_id,
        set_a=set_a,
        measured_a=_three([measured_a] * 3),
        committed_a=_three([committed_a] * 3),
    )


def on_line(line: Phase, current_a: float) -> PhaseCurrents:
    """Put a current on one line."""
    return _three([current_a if it is line else 0.0 for it in PHASES])


def _three(currents_a: Sequence[float]) -> PhaseCurrents:
    first, second, third = (round(it, 3) for it in currents_a)
    return first, second, third
