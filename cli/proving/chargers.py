"""Chargers and their cars, by the book."""

from dataclasses import dataclass, field

from shared.messages.holding import Holds
from shared.phases import ALL_TERMINALS, PHASES, Phase
from shared.units import CAR_FOLLOW_S

Spot = tuple[str, str, tuple[Phase, ...]]
"""An installation, a circuit, and how it is wired there."""
Named = tuple[str, str]
"""An installation, and an id in it."""


@dataclass
class Charger:
    """It obeys the newest limit until its end by its own clock, then the fail-safe."""

    serial: str
    clock_off_s: float
    """By how much its clock is ahead."""
    one_phase_car: bool
    holds: Holds = Holds.STACKED
    """What it can hold; that which is told in one profile with its fail-safe goes with it."""
    spread: float = 1.0
    """How many times what it is told may flow on one line, as a charger that counts in watts."""
    most_a: float = 32.0
    route: list[tuple[int, float, Spot]] = field(default_factory=list)
    """Where it ought to hang: since which position of the log, and from when on at the latest."""
    stop: int = 0
    """How far it has come."""
    assigned: Named | None = None
    """As the gateway knows it."""
    fail_safe_a: float = 0.0
    commissioned: bool = False
    """What was never accepted is not our load yet."""
    confirmed: tuple[Named, float] | None = None
    """What the gateway has seen confirmed, under which name."""
    learned: Named | None = None
    """Under which name it is on record what it can hold."""
    limit_a: float | None = None
    terminals: tuple[int, ...] | None = None
    """What it was told to charge from, with its limit; otherwise it closes all it has."""
    valid_until_s: float = 0.0
    drawable: list[tuple[float, float, tuple[int, ...]]] = field(default_factory=list)
    """What its car was offered lately, when, and at which terminals."""
    sessions: int = 0
    told_session: tuple[Named, str] | None = None
    """Which session is on record to run, and under which name."""
    plugged: bool = False
    online: bool = False
    ignores_a: float | None = None
    """What its car draws, whatever it is offered; none: it obeys."""

    @property
    def spot(self) -> Spot | None:
        """Where it hangs physically."""
        return self.route[self.stop][2] if self.route else None

    @property
    def session_id(self) -> str:
        return f"{self.serial}-{self.sessions}"

    def follows(self, position: int) -> None:
        """Whoever follows what was decided for a place stands there."""
        stops = [i for i, (since, _, _) in enumerate(self.route) if since <= position]
        self.stop = max(self.stop, *stops, 0)

    def offered_a(self, now_s: float) -> float:
        """Name what it offers its car, in amperes on each of its lines."""
        if not self.commissioned:
            return 0.0
        if self.limit_a is not None and self._in_force(now_s):
            return max(self.limit_a, min(self.limit_a * self.spread, self.most_a))
        return self.fail_safe_a

    def closed(self, now_s: float) -> tuple[int, ...]:
        """Name the terminals from which it charges: what its profile says, while that is in force."""
        return (self.terminals if self._in_force(now_s) else None) or ALL_TERMINALS

    def _in_force(self, now_s: float) -> bool:
        return self.limit_a is not None and now_s + self.clock_off_s < self.valid_until_s

    def drawn_a(self, now_s: float) -> float:
        """Name what its car draws, in amperes on each of its lines, once it has followed."""
        if not self.plugged:
            return 0.0
        return self.offered_a(now_s) if self.ignores_a is None else self.ignores_a

    def draw(self, now_s: float) -> None:
        """Let a second pass: the car may still draw what it was offered up to 5 s ago."""
        self.drawable.append((now_s, self.offered_a(now_s), self.closed(now_s)))
        self.drawable = [it for it in self.drawable if now_s - it[0] < CAR_FOLLOW_S]

    def worst_draw_a(self) -> float:
        """Name the most that its car may draw now, in amperes on each of its lines."""
        if not self.plugged:
            return 0.0
        return self.ignores_a or max(a for _, a, _ in self.drawable)

    def draws(self) -> set[tuple[float, tuple[Phase, ...]]]:
        """Name all that its car may draw now: so many amperes on each of some wires."""
        if not self.plugged:
            return set()
        if self.ignores_a is not None:
            return {(self.ignores_a, self.wires(ALL_TERMINALS))}
        return {(a, self.wires(closed)) for _, a, closed in self.drawable if a > 0}

    def wires(self, closed: tuple[int, ...]) -> tuple[Phase, ...]:
        """Name the lines behind those closed terminals that its car uses."""
        wiring = self.spot[2] if self.spot else PHASES
        if len(closed) == 1 and len(wiring) == len(PHASES):
            return (wiring[closed[0] - 1],)
        return wiring[:1] if self.one_phase_car else wiring
