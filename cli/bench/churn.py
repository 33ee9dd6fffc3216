"""How often limits change: hours of a garage by the real decisions, with transport that never fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cli.bench.ideal import CHARGER_A, Car, Garage, garage_site
from cli.figures import Figures, figure
from services.balancer.behaviour import DRAWS_A
from services.balancer.facts import Timing
from services.balancer.planning import Announcement
from shared.ids import ChargerId, SessionId
from shared.phases import ZERO_A
from simulator.sessions import Visit, load_sessions, visits

Say = Callable[[str], None]

BAYS: Final = 60
MAIN_A: Final = 125.0
CIRCUIT_A: Final = 63.0
FAIL_SAFE_A: Final = 0.0
BEGIN_S: Final = 1_700_000_000.0
HOURS: Final = 6.0
HOURS_QUICK: Final = 0.25
STEP_S: Final = 5.0
"""How often meters are read, and decisions taken."""
TERMINALS: Final = (3, 1, 1, 3, 1)
TAKES_A: Final = (32.0, 16.0, 20.0)


@dataclass(slots=True)
class Churn:
    """What a time has brought."""

    car_hours: float = 0.0
    commands: int = 0
    """Limits that say something new."""
    renewals: int = 0
    stops: int = 0
    switches: int = 0


def measure_churn(say: Say, *, quick: bool) -> Figures:
    """
    Count what chargers are told in a working day.

    Args:
        say: told what is going on.
        quick: a quarter of an hour only.
    """
    hours = HOURS_QUICK if quick else HOURS
    say(f"{hours:g} hours of a garage of {BAYS} bays, decision by decision")
    churn = played(visits(load_sessions(), BAYS), hours)
    said = (
        f"{BAYS} bays behind {MAIN_A:.0f} A, {hours:g} h from the busiest moment, {churn.car_hours:.0f} "
        "car hours, decisions every 5 s"
    )
    return {
        f"{name}_per_car_hour": figure(count / churn.car_hours, "1/h", said + more)
        for name, count, more in (
            ("commands", churn.commands, "; limits that say something new"),
            ("renewals", churn.renewals, "; leases made longer, many in one event"),
            ("stops", churn.stops, "; charging cars that were stopped"),
            ("switches", churn.switches, "; changes of a car's phases"),
        )
    }


def played(arrivals: Sequence[Visit], hours: float) -> Churn:
    """
    Play some hours.

    Args:
        arrivals: who comes when, and needs what.
        hours: for how long.
    """
    garage = Garage(garage_site(BAYS, MAIN_A, CIRCUIT_A, FAIL_SAFE_A), Timing(), BEGIN_S)
    churn, told = Churn(), {it: Told() for it in garage.bays}
    coming = sorted(arrivals, key=lambda it: it.arrives_s)
    leaving: dict[ChargerId, float] = {}
    for step in range(int(hours * 3600 / STEP_S)):
        passed_s = step * STEP_S
        for charger_id in [it for it, at_s in leaving.items() if at_s <= passed_s]:
            garage.unplug(charger_id)
            del leaving[charger_id]
        while coming and coming[0].arrives_s <= passed_s:
            visit = coming.pop(0)
            charger_id = ChargerId(f"bay-{visit.bay}")
            garage.plug_in(charger_id, _car(visit, garage.now_s))
            leaving[charger_id] = visit.leaves_s
        for announcement in garage.decide().announcements:
            count(churn, announcement, garage, told)
        churn.car_hours += len(leaving) * STEP_S / 3600
        garage.pass_(STEP_S)
        garage.read()
    return churn


def _car(visit: Visit, now_s: float) -> Car:
    return Car(
        session_id=SessionId(visit.visit_id),
        since_s=now_s,
        needs_kwh=visit.need_kwh,
        terminals=TERMINALS[visit.bay % len(TERMINALS)],
        takes_a=min(CHARGER_A, TAKES_A[visit.bay % len(TAKES_A)]),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a charger was told last, and what was known then of the phases that its car uses."""

    limit_a: float = 0.0
    lines: int = 0
    one_phase: bool | None = None


def count(churn: Churn, it: Announcement, garage: Garage, told: dict[ChargerId, Told]) -> None:
    """Count an announcement, beside what its charger was told before."""
    bay, before = garage.bays[it.charger_id], told[it.charger_id]
    now = Told(it.grant.limit_a, len(it.grant.lines), bay.behaviour.one_phase)
    told[it.charger_id] = now
    if it.renewal:
        churn.renewals += 1
        return
    churn.commands += 1
    if bay.car is None:
        return
    # Who draws nothing is stopped in nothing: it is full, or is woken.
    draws = max(bay.behaviour.current_a or ZERO_A) > DRAWS_A
    churn.stops += before.limit_a > 0 and now.limit_a == 0 and draws
    # Other lines because more is known of the car are no switch: the car charges on as it did.
    charges = before.limit_a > 0 and now.limit_a > 0 and before.one_phase == now.one_phase
    churn.switches += charges and before.lines != now.lines
