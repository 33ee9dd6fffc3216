"""Two buildings with their chargers and cars, the people who change them, and who balances them."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cli.proving.chargers import Charger
from cli.proving.minds import Decided, Mind
from cli.proving.moments import Chances, moment
from cli.proving.world import World
from cli.simulating.built import Built
from cli.simulating.database import Database, MemoryLog
from cli.simulating.gateway import RealGateway
from cli.simulating.virtual import finished
from services.balancer.facts import Timing
from services.installation.claims import stream_named
from services.installation.decider import installation_at, moving
from services.installation.language import InstallationCommand
from services.installation.moves import leads_elsewhere
from shared.context import Context
from shared.messages import Answer
from shared.messages.balancer import LeasesRenewed
from shared.messages.installation_commands import MoveCharger
from shared.messages.telemetry import ChargerEvent, CurrentLimitApplied
from shared.transact import transact, transact_across

LEASES_S: Final = (90.0, 300.0, 900.0)
"""Of those that an operator may set."""
READING_S: Final = 5.0
"""How often a charger sends a reading of the same."""


@dataclass
class Stall(Charger):
    """A charger where cars come that need so much and stay so long."""

    car_most_a: float = 32.0
    """What its car draws at most."""
    need_as: float = 0.0
    """What its car still needs, in amperes times seconds on each of its lines."""
    since_s: float = 0.0
    """When its car came, or it was connected: since then it can be served."""
    leaves_s: float = 0.0
    back_s: float | None = None
    """When a lost connection comes back."""
    shown: object = None
    """What its latest reading was of."""
    shown_s: float = 0.0

    def drawn_a(self, now_s: float) -> float:
        """Name what its car draws; a full one draws nothing."""
        if self.need_as <= 0:
            return 0.0
        return min(super().drawn_a(now_s), self.car_most_a)

    def tells_now(self, now_s: float) -> bool:
        """Tell whether it sends a reading now: one that differs, or the same after some seconds."""
        shows = (self.session_id, self.drawn_a(now_s), self.closed(now_s), self.assigned)
        if shows == self.shown and now_s - self.shown_s < READING_S:
            return False
        self.shown, self.shown_s = shows, now_s
        return True

    def draw(self, now_s: float) -> None:
        """What was on offer until now a car may follow for a while from now on; and then what is."""
        if self.drawable:
            before_s, offered_a, closed = self.drawable[-1]
            self.need_as -= min(offered_a, self.car_most_a) * (now_s - before_s)
            self.drawable[-1] = (now_s, offered_a, closed)
        super().draw(now_s)


class Garage(World):
    """
    Buildings as people have them, and balancers that announce to logs.

    Args:
        chances: of everything that happens.
        buildings: what they are called, and how they are supplied; commands create them.
        stalls: chargers, hung up or not.
        timing: of the balancers.
    """

    def __init__(
        self,
        chances: Chances,
        buildings: Iterable[Built],
        stalls: Iterable[Stall],
        timing: Timing,
        seed: int,
    ) -> None:
        self.built = {it.installation_id: it for it in buildings}
        self.stalls = list(stalls)
        super().__init__(self.built.values(), self.stalls)
        self.chances, self.timing = chances, timing
        self.real = RealGateway(self.chargers, self.tell)
        self.gateway = self.real
        self.mind = Mind(epoch=1, timing=timing)
        self.now_s = 0.0
        self.late_s = 0.0
        """How late balancers and gateway hear of logs now."""
        self.away_until_s = 0.0
        """Until when the database of balancers takes nothing."""
        self.stirred: set[str] = set()
        """Where something has happened that a balancer has to look at soon."""
        self.counts: Counter[str] = Counter()
        self.database = Database(random.Random(seed), lambda: moment(self.now_s))  # noqa: S311  # a model of misfortune
        self._store = MemoryLog(self.database)
        self._asked = 0

    # --- People ---

    def wish(self, command: InstallationCommand, carried_s: float = 0.0) -> Answer:
        """Have the installation service decide a command; everybody hears of what it decided."""
        head = self.database.head
        answer = finished(self._transact(command))
        events = [it.event for it in self.database.entries[head:]]
        for event in events:
            self.built[event.aggregate_id].hear(event)
        if events:
            self.stirred.update(it.aggregate_id for it in events)
            self.change(events, self.now_s, self.late_s, carried_s)
        return answer

    async def _transact(self, command: InstallationCommand) -> Answer:
        context = Context(actor="somebody", correlation_id=command.command_id)
        stream = stream_named(command.installation_id)
        if isinstance(command, MoveCharger) and leads_elsewhere(command):
            streams = (stream, stream_named(str(command.to_installation_id)))
            return await transact_across(self._store, streams, moving, command, context)
        decider = installation_at(moment(self.now_s))
        return await transact(self._store, stream, decider, command, context)

    def stall(self, serial: str) -> Stall:
        """Find a charger by its serial number."""
        return next(it for it in self.stalls if it.serial == serial)

    def hangs(self, stall: Stall) -> bool:
        """Tell whether a charger stands anywhere, by what was decided."""
        return ("serial", stall.serial) in self.database.holders

    def next_id(self) -> str:
        """Name a command that comes for the first time."""
        self._asked += 1
        return f"wish-{self._asked}"

    # --- Logs ---

    def tell(self, event: ChargerEvent, now_s: float, late_s: float = 0.0) -> None:
        """A charger's gateway announces."""
        if not isinstance(event, CurrentLimitApplied):
            self.stirred.add(event.installation_id)
        self.real.hear_own(event, event.charger_id)
        super().tell(event, now_s, max(late_s, self.late_s))

    def announce(self, mind: Mind, decided: Decided, now_s: float) -> Decided | None:
        """Append what a balancer has decided, if the database is there and nobody was faster. One that has
        read of a later epoch decides nothing there any more."""
        if now_s < self.away_until_s or self.replaced(mind, decided.installation_id):
            return None
        if any(not isinstance(it, LeasesRenewed) for it in decided.events):
            self.stirred.add(decided.installation_id)
        return super().announce(mind, decided, now_s)

    @staticmethod
    def replaced(mind: Mind, name: str) -> bool:
        """Tell whether a balancer has read that another one decides there now."""
        return mind.epochs.get(name, 0) > mind.epoch

    # --- Time ---

    def let_cars_draw(self, now_s: float) -> None:
        """Let time pass at every car, up to now."""
        for charger in self.stalls:
            charger.draw(now_s)

    def read_cars(self, now_s: float) -> None:
        """Have balancers hear what chargers measure, at once where it has changed, and now and then."""
        for stall in self.stalls:
            if stall.online and stall.tells_now(now_s):
                for mind in self.minds():
                    mind.observe(stall, now_s)
