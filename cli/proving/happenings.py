"""What happens in a second: to chargers and cars, to messages, to balancers and the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cli.proving.chargers import Charger
from cli.proving.minds import Decided, Mind
from cli.proving.moments import Chances
from cli.proving.world import World

CHANCES: Final = 26
"""What happens at a charger is one of so many things, most of which are nothing."""
LATE_S: Final = (0.0, 0.0, 0.0, 2.0, 7.0, None)
"""How late a limit comes to the gateway; none: never."""
AGAIN_S: Final = (9.0,)
"""How late those of a limit come that is sent more than once, behind the first."""
ANSWERS: Final = ("now", "now", "now", "later", "lost")
FORMER_S_MAX: Final = 12
"""How long a balancer that does not hold the partition any more can go on before it notices."""


def happen(world: World, charger: Charger, chance: int, now_s: float) -> None:
    """Something of the outside world happens at one charger."""
    gateway = world.gateway
    if chance < 6 and not charger.plugged:
        plug_in(world, charger, now_s)
    elif chance == 6 and charger.plugged:
        pull_out(world, charger, now_s)
    elif chance == 7:
        gateway.lose(charger, now_s)
    elif chance < 11 and not charger.online:
        gateway.connect(charger, now_s)
    elif chance == 11 and charger.online and charger.assigned is not None:
        wanted = (charger.assigned, gateway.wants[charger.assigned])
        if charger.confirmed != wanted:
            gateway.push_fail_safe(charger, now_s, lost=False)
    elif chance == 12 and charger.online:
        gateway.push_fail_safe(charger, now_s, lost=True)


def plug_in(world: World, charger: Charger, now_s: float) -> None:
    """A car comes."""
    charger.plugged, charger.sessions = True, charger.sessions + 1
    world.gateway.tell_session(charger, now_s)


def pull_out(world: World, charger: Charger, now_s: float) -> None:
    """A car leaves."""
    charger.plugged = False
    world.gateway.tell_session(charger, now_s)


def send(
    world: World,
    decided: Decided | None,
    chances: Chances,
    now_s: float,
    late_s: Sequence[float | None] = LATE_S,
    again_s: Sequence[float] = AGAIN_S,
) -> None:
    """Put limits on their way: some come late, and so in another order, some twice, some never."""
    for command in decided.commands if decided is not None else ():
        for it in (chances.pick(late_s), *(again_s if chances.one_in(12) else ())):
            if it is not None:
                world.gateway.on_the_way.append((now_s + it, command))


@dataclass
class Takeover:
    """A balancer is paused in the middle of a decision; another one takes over; it goes on later."""

    at_s: float
    goes_on_s: float
    lives_s: float = FORMER_S_MAX
    """How long it goes on."""
    late_s: Sequence[float | None] = LATE_S
    """How late its limits come to the gateway."""
    held: tuple[Decided, ...] = ()
    """What it had decided, and not appended yet."""

    def play(self, world: World, chances: Chances, now_s: float) -> None:
        """Do what is due."""
        if now_s == self.at_s:
            self.held = tuple(world.mind.decide(name, now_s) for name in world.buildings)
            world.take_over()
        former = world.former
        if former is None or now_s < self.goes_on_s:
            return
        for decided in self.held:
            send(world, world.announce(former, decided, now_s), chances, now_s, self.late_s)
        self.held = ()
        decide(world, former, chances, now_s, self.late_s)
        if now_s >= self.goes_on_s + self.lives_s:
            world.former = None


def decide(
    world: World,
    mind: Mind,
    chances: Chances,
    now_s: float,
    late_s: Sequence[float | None] = LATE_S,
) -> None:
    """Let a balancer decide for every building with chargers, and send what it may."""
    for name in (it for it in world.buildings if mind.known.layouts[it].chargers):
        decided = world.announce(mind, mind.decide(name, now_s), now_s)
        send(world, decided, chances, now_s, late_s)


def live(
    world: World,
    chances: Chances,
    now_s: float,
    *,
    balanced: bool,
    takeover: Takeover | None = None,
) -> None:
    """Live one second, with whatever goes wrong in it; without a balancer for a while, or with two."""
    in_use = [it for it in world.chargers.values() if it.spot is not None]
    happen(world, chances.pick(in_use), chances.pick(range(CHANCES)), now_s)
    world.carry(now_s)
    world.gateway.hear(now_s)
    world.hear(now_s)
    if chances.one_in(60):
        world.gateway.restart(now_s)
    if balanced:
        if chances.one_in(40):
            world.mind.forget()
        decide(world, world.mind, chances, now_s)
    if takeover is not None:
        takeover.play(world, chances, now_s)
    world.gateway.deliver(now_s)
    world.gateway.confirm(lambda: chances.pick(ANSWERS), now_s)
    world.read_meters(now_s)
