"""A charger at a moment, with all that its explanation is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from shared.history.limits import InForce
from shared.history.queue import Waiter, places
from shared.history.states import Charger, Installation
from shared.history.why import Situation
from shared.ids import ChargerId
from shared.messages.balancer import MAIN, LimitedBy, Rule
from shared.messages.telemetry import MeterReading
from shared.units import TOLERANCE_A


@dataclass(frozen=True, slots=True)
class Explained:
    """What the logs tell of it, and what follows from that."""

    installation: Installation
    charger_id: ChargerId
    at: datetime
    zone: tzinfo | None
    holds: InForce
    reading: MeterReading | None = None
    """The latest one at that moment, if it is still kept."""

    @property
    def charger(self) -> Charger:
        return self.installation.chargers[self.charger_id]

    @property
    def fail_safe_a(self) -> float:
        """What the charger falls back to: as it has confirmed it, else as it is to be."""
        confirmed_a = self.holds.course.fail_safe_a
        return self.charger.fail_safe_a if confirmed_a is None else confirmed_a

    @property
    def limit_a(self) -> float:
        """What it may draw, in amperes on each of its phases; 0 before it ever connected."""
        if self.holds.course.since is None:
            return 0.0
        return self.fail_safe_a if self.holds.decided is None else self.holds.decided.limit_a

    @property
    def reason(self) -> LimitedBy | None:
        """What holds it down; none if nothing was decided that still counts."""
        locked = self.charger.locked
        if locked is not None:
            return LimitedBy(rule=Rule.LOCKED, circuit_id=locked.circuit_id)
        out_of_use = self.installation.out_of_use(self.charger.circuit_id)
        if out_of_use:
            return LimitedBy(rule=Rule.OUT_OF_USE, circuit_id=out_of_use[0])
        told = self.holds.pending or self.holds.decided
        if told is None and self._lapsed_alike:
            told = self.holds.lapsed
        return None if told is None else told.limited_by

    @property
    def _lapsed_alike(self) -> bool:
        """It ran out because the fail-safe gives the same: its reason is as good as before."""
        lapsed = self.holds.lapsed
        return lapsed is not None and abs(lapsed.limit_a - self.fail_safe_a) < TOLERANCE_A

    @property
    def draw_a(self) -> float | None:
        return None if self.reading is None else max(self.reading.current_a)

    @property
    def place(self) -> int | None:
        """In the queue at that moment; none if it does not wait."""
        return places(self._waiters()).get(self.charger_id)

    def situation(self) -> Situation:
        allotted = self.installation.allotted.get(self.charger_id)
        waiting_since = None if allotted is None else allotted.waiting_since
        reason = self.reason
        turn_at = None if reason is None else reason.turn_at
        return Situation(
            {it: known.name for it, known in self.installation.circuits.items()},
            limit_a=self.limit_a,
            draw_a=self.draw_a,
            car=self.holds.course.session_since is not None,
            waiting_since=None if waiting_since is None else self.clock(waiting_since),
            place=self.place,
            turn_at=self.clock(turn_at) if turn_at is not None and turn_at > self.at else None,
        )

    def clock(self, moment: datetime) -> str:
        """Spell a time of day where the installation is, with the date if it was another day."""
        there, here = moment.astimezone(self.zone), self.at.astimezone(self.zone)
        return (
            f"{there:%H:%M:%S}" if there.date() == here.date() else f"{there:%Y-%m-%d %H:%M:%S}"
        )

    def _waiters(self) -> Iterator[Waiter]:
        for charger_id, allotted in self.installation.allotted.items():
            reason, charger = allotted.limited_by, self.installation.chargers.get(charger_id)
            if charger is None or reason is None or reason.rule is not Rule.QUEUE:
                continue
            if allotted.waiting_since is not None:
                above = (it for it, _ in self.installation.above(charger.circuit_id))
                yield Waiter(
                    charger_id,
                    allotted.waiting_since,
                    charger.priority,
                    reason.circuit_id,
                    frozenset((*above, MAIN)),
                )
