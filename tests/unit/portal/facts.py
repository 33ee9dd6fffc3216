"""What the tests of the portal speak of: one garage, two circuits, two bays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.portal.documents import (
    Applied,
    Charger,
    Circuit,
    Condition,
    Deactivation,
    Layout,
    Lock,
    Session,
    Share,
)
from services.portal.facts import Facts
from shared.messages.balancer import BreakerLoad, LimitedBy, Rule, SiteBalance
from shared.messages.telemetry import MeterReading
from shared.phases import PHASES, GridType, Phase, PhaseCurrents

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")
GARAGE = "garage-1"
BREAKER_L1 = LimitedBy(rule=Rule.BREAKER, circuit_id="level-1", phase=Phase.L1, shared_by=9)
QUEUE = LimitedBy(rule=Rule.QUEUE, circuit_id="level-1", phase=Phase.L1)
NO_CAR = LimitedBy(rule=Rule.NO_CAR)


def at(seconds: float) -> datetime:
    """Name a moment by its distance from the beginning."""
    return AT + timedelta(seconds=seconds)


def charger(number: int, circuit_id: str = "level-1", fail_safe_a: float = 6.0) -> Charger:
    return Charger(
        charger_id=f"bay-{number}",
        circuit_id=circuit_id,
        serial=f"ZAP{number:06}",
        name=f"Bay {number}",
        wiring=PHASES,
        max_a=32.0,
        fail_safe_a=fail_safe_a,
    )


LAYOUT = Layout(
    installation_id=GARAGE,
    name="Sea Street garage",
    address="Sea Street 12",
    grid_type=GridType.TN_3_PHASE,
    breaker_a=160.0,
    circuits=(
        Circuit(
            circuit_id="level-1", parent_id=None, name="Level 1", breaker_a=63.0, set_a=50.0
        ),
        Circuit(
            circuit_id="guests", parent_id="level-1", name="Guests", breaker_a=32.0, set_a=32.0
        ),
    ),
    chargers=(charger(1), charger(2, "guests")),
    position=5,
)

_GUESTS, _BAY_2 = LAYOUT.circuits[1], LAYOUT.chargers[1]
GUESTS_LOCKED = LAYOUT.model_copy(
    update={
        "circuits": (
            LAYOUT.circuits[0],
            _GUESTS.model_copy(update={"deactivated": Deactivation(at=at(-600))}),
        ),
        "chargers": (
            LAYOUT.chargers[0],
            _BAY_2.model_copy(update={"lock": Lock(circuit_id="guests", at=at(-600))}),
        ),
    }
)
"""The garage after its lower circuit was deactivated, and its charger locked with it."""

FREE = Condition(online=True, since=at(-3600), status="Available", fail_safe_a=6.0)
CHARGING = FREE.model_copy(
    update={
        "status": "Charging",
        "session": Session(session_id="s-1", heard_at=at(-600), register_wh=1000),
        "applied": Applied(limit_a=12.0, valid_until=at(90), sequence=4),
    }
)


def share(limit_a: float = 12.0, limited_by: LimitedBy = BREAKER_L1) -> Share:
    return Share(limit_a=limit_a, phases=(Phase.L1,), valid_until=at(90), limited_by=limited_by)


def waits(since_s: float) -> Share:
    return share(0.0, QUEUE).model_copy(update={"waiting_since": at(since_s)})


STOPPED = CHARGING.model_copy(
    update={
        "status": "SuspendedEVSE",
        "applied": Applied(limit_a=0.0, valid_until=at(90), sequence=5),
    }
)


def reading(
    number: int = 1,
    current_a: PhaseCurrents = (11.4, 0.0, 0.0),
    received_s: float = 0.0,
    session_id: str | None = "s-1",
    register_wh: int | None = None,
) -> MeterReading:
    return MeterReading(
        installation_id=GARAGE,
        charger_id=f"bay-{number}",
        session_id=session_id,
        measured_at=at(received_s),
        received_at=at(received_s),
        current_a=current_a,
        register_wh=register_wh,
    )


def balance(measured_a: PhaseCurrents = (20.0, 0.0, 0.0), stale: bool = False) -> SiteBalance:
    committed_a = (24.0, 0.0, 0.0)
    return SiteBalance(
        installation_id=GARAGE,
        measured_at=AT,
        decisions=1,
        breakers=(
            BreakerLoad(
                circuit_id="main", set_a=160.0, measured_a=measured_a, committed_a=committed_a
            ),
            BreakerLoad(
                circuit_id="level-1",
                set_a=50.0,
                measured_a=measured_a,
                committed_a=committed_a,
                stale=stale,
            ),
        ),
    )


KNOWN = Facts(
    layout=LAYOUT,
    conditions={"bay-1": CHARGING, "bay-2": FREE},
    shares={"bay-1": share()},
    overloads={},
    readings={"bay-1": reading()},
    listening_since=at(-600),
    balance=balance(),
)


def known(**changes: object) -> Facts:
    """The garage, with some of what is known of it replaced."""
    return replace(KNOWN, **changes)  # type: ignore[arg-type]  # the fields are checked at run time
