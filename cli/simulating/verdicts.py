"""What must hold at all times, and what once all is well again."""

from collections.abc import Mapping
from typing import Final

from cli.proving.buildings import Bay
from cli.proving.loads import lines_of
from cli.proving.trials import PromiseBroken, check_breakers, check_counted, check_logs
from cli.simulating.built import Built
from cli.simulating.garage import Garage, Stall
from shared.messages.balancer import MAIN
from shared.messages.holding import Holds
from shared.phases import PHASES, PhaseCurrents
from shared.units import TOLERANCE_A

SERVED_S: Final = 180.0
"""So soon a car that can be served has its share, once nothing goes wrong any more."""

UNUSED_A: Final = 2.0
"""Less than this may be left over that a car could take."""


def check_now(garage: Garage, now_s: float, *, settled: bool, counted: bool) -> None:
    """
    Judge what may flow at this moment.

    Raises:
        PromiseBroken: more than is counted or, where nobody changes the layout, than a breaker carries.
    """
    if counted:
        check_counted(garage, now_s)
    if settled:
        check_breakers(garage, now_s)


def check_log(garage: Garage) -> None:
    """
    Judge the log of installations.

    Raises:
        PromiseBroken: it has a hole, or a serial stands in two places, or the buildings that followed it
            are others than it says.
    """
    entries = garage.database.entries
    if [it.position for it in entries] != list(range(1, len(entries) + 1)):
        raise PromiseBroken("the positions of the log are not dense")
    places: dict[str, list[str]] = {}
    for name, building in garage.buildings.items():
        for bay in building.bays.values():
            places.setdefault(bay.serial, []).append(f"{name}/{bay.charger_id}")
    for serial, at in places.items():
        holder = garage.database.holders.get(("serial", serial))
        if at != [holder]:
            raise PromiseBroken(f"serial {serial} stands at {at}, and is held by {holder}")


def check_served(garage: Garage, now_s: float) -> None:
    """
    Judge how cars are served, when nothing has gone wrong for long enough.

    Raises:
        PromiseBroken: a car has nothing, or less than it can take, although there is room for it; or a
            charger is not connected.
    """
    for name, building in garage.built.items():
        if building.shared_with_others:
            continue
        loads_a, counted_a = garage.loads_a(name), garage.counted_a(name, now_s)
        for bay in building.bays.values():
            stall = garage.stall(bay.serial)
            if bay.locked or not building.in_use(bay.circuit_id) or not wants(stall, now_s):
                continue
            if not stall.online:
                raise PromiseBroken(
                    f"{name}/{bay.charger_id} is not connected, and nothing is wrong"
                )
            offered_a, since_s = stall.offered_a(now_s), now_s - stall.since_s
            who = f"a car at {name}/{bay.charger_id}, there since {since_s:.0f} s,"
            if offered_a < bay.min_a - TOLERANCE_A:
                room_a = _room_a(building, bay, stall, loads_a, now_s)
                if room_a > 2 * bay.min_a + TOLERANCE_A:
                    raise PromiseBroken(
                        f"{who} has nothing, and there is room for {room_a:.1f} A"
                    )
                continue
            could_a = min(bay.max_a, bay.breaker_a or bay.max_a, stall.car_most_a)
            room_a = _room_a(building, bay, stall, counted_a, now_s)
            if min(could_a - offered_a, room_a) > UNUSED_A:
                raise PromiseBroken(
                    f"{who} has {offered_a:.1f} A, could take {could_a:.1f} A, and there is room "
                    f"for {room_a:.1f} A more"
                )


def _room_a(
    building: Built,
    bay: Bay,
    stall: Stall,
    taken_a: Mapping[str, PhaseCurrents],
    now_s: float,
) -> float:
    """Name what is left at the fullest breaker above a charger, on the lines of its car, in amperes."""
    lines = lines_of(building.grid, stall.wires(stall.closed(now_s)))
    may_a = {MAIN: building.main_a, **building.set_a}
    return min(
        may_a[it] - taken_a[it][PHASES.index(line)]
        for it in building.path(bay.circuit_id)
        for line in lines
    )


def wants(stall: Stall, now_s: float) -> bool:
    """Tell whether a car could be served for long enough by now."""
    usual = stall.holds is Holds.STACKED and stall.spread == 1.0
    return stall.plugged and usual and stall.need_as > 0 and now_s - stall.since_s > SERVED_S


def check_whole(garage: Garage) -> None:
    """
    Judge all logs at the end.

    Raises:
        PromiseBroken: they show that an overload was planned, or the log of installations is no log.
    """
    check_log(garage)
    check_logs(garage)
