"""What must hold at all times, and what once all is well again."""

from typing import Final

from cli.proving.loads import lines_of
from cli.proving.trials import PromiseBroken, check_breakers, check_counted, check_logs
from cli.simulating.garage import Garage, Stall
from shared.messages.balancer import MAIN
from shared.messages.holding import Holds
from shared.phases import PHASES
from shared.units import TOLERANCE_A

SERVED_S: Final = 180.0
"""So soon a car that can be served has its share, once nothing goes wrong any more."""


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
        PromiseBroken: a car has nothing although there is room for it.
    """
    for name, building in garage.built.items():
        if building.shared_with_others:
            continue
        loads_a = garage.loads_a(name)
        may_a = {MAIN: building.main_a, **building.set_a}
        for bay in building.bays.values():
            stall = garage.stall(bay.serial)
            if bay.locked or not building.in_use(bay.circuit_id) or not wants(stall, now_s):
                continue
            if not stall.online:
                raise PromiseBroken(
                    f"{name}/{bay.charger_id} is not connected, and nothing is wrong"
                )
            if stall.offered_a(now_s) >= bay.min_a - TOLERANCE_A:
                continue
            lines = lines_of(building.grid, stall.wires(stall.closed(now_s)))
            room_a = min(
                may_a[it] - loads_a[it][PHASES.index(line)]
                for it in building.path(bay.circuit_id)
                for line in lines
            )
            if room_a > 2 * bay.min_a + TOLERANCE_A:
                raise PromiseBroken(
                    f"a car at {name}/{bay.charger_id} has nothing since "
                    f"{now_s - stall.since_s:.0f} s, and there is room for {room_a:.1f} A"
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
