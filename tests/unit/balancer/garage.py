"""A quiet garage whose chargers switch phases, and in which nothing is lost or late."""

from cli.proving.buildings import WIRINGS, Building
from cli.proving.chargers import Charger
from cli.proving.happenings import happen
from cli.proving.loads import lines_of
from cli.proving.moments import START_S, moment
from cli.proving.world import World
from services.balancer.announced import (
    switches_of,
)
from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType, Phase, PhaseSwitching

SITE = "site"
ARRIVES, LEAVES = 0, 6
"""What `happen` makes of them."""


class Garage:
    """Three chargers behind one breaker, wired to the phases in turn, or all alike."""

    def __init__(
        self,
        switch_current_a: float,
        cars: int,
        switching: PhaseSwitching = PhaseSwitching.FIRST_TERMINAL,
        main_a: float = 32.0,
        *,
        alike: bool = False,
    ) -> None:
        building = Building(SITE, main_a, {"level": main_a}, {"level": MAIN})
        self._chargers = [Charger(f"ZAP{it:04}", 0.0, one_phase_car=False) for it in range(3)]
        self._world = World((building,), self._chargers)
        self._now_s = START_S
        self.peak_a = 0.0
        self._tell(building.created())
        self._tell(building.switch_current(switch_current_a))
        for index, charger in enumerate(self._chargers):
            bay, wiring = f"bay-{index}", WIRINGS[0 if alike else index]
            self._tell(
                building.assign(bay, charger.serial, "level", wiring, phase_switching=switching)
            )
            self._tell(building.wish(bay, 0.0))
        self._world.hear(START_S)
        self._world.gateway.hear(START_S)
        for charger in self._chargers:
            self._world.gateway.connect(charger, START_S)
        for index in range(cars):
            self.come(index)

    def _tell(self, events: object) -> None:
        self._world.change(events, self._now_s)  # type: ignore[arg-type]

    def come(self, index: int) -> None:
        happen(self._world, self._chargers[index], ARRIVES, self._now_s)

    def leave(self, index: int) -> None:
        happen(self._world, self._chargers[index], LEAVES, self._now_s)

    def live(self, seconds: int) -> None:
        world = self._world
        for _ in range(seconds):
            now_s = self._now_s
            world.hear(now_s)
            decided = world.announce(world.mind, world.mind.decide(SITE, now_s), now_s)
            assert decided is not None
            world.gateway.on_the_way += [(now_s, it) for it in decided.commands]
            world.gateway.deliver(now_s)
            world.gateway.confirm(lambda: "now", now_s)
            world.hear(now_s)
            world.read_meters(now_s)
            self.peak_a = max(self.peak_a, *world.loads_a(SITE)[MAIN])
            self._now_s += 1

    # --- What came of it ---

    def _newest(self) -> dict[str, tuple[float, tuple[Phase, ...]]]:
        newest = {it: known.leases[-1] for it, known in sorted(self._world.announced.items())}
        return {it: (x.limit_a, x.phases) for it, x in newest.items() if x.limit_a > 0}

    def limits_a(self) -> dict[str, float]:
        return {it: limit_a for it, (limit_a, _) in self._newest().items()}

    def lines(self) -> list[tuple[Phase, ...]]:
        return [lines for _, lines in self._newest().values()]

    def drawn_a(self) -> tuple[float, ...]:
        """What cars draw of the main breaker, line by line."""
        world, now_s = self._world, self._now_s
        return tuple(
            sum(
                it.offered_a(now_s)
                for it in world.chargers.values()
                if it.plugged
                and line in lines_of(GridType.TN_3_PHASE, it.wires(it.closed(now_s)))
            )
            for line in PHASES
        )

    def switches(self) -> int:
        since = moment(START_S)
        return sum(switches_of(it, since).switches for it in self._world.announced.values())

    def planned_overload(self) -> tuple[float, str | None]:
        return self._world.planned_overload()
