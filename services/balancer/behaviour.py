"""
What readings tell of a car: the phases it uses, what it leaves unused, whether it obeys.

Everything here is learned again within seconds after a restart, so it is kept in memory only; until
then a car is counted at its limit on all the charger's lines.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from services.balancer.site import Site
from shared.ids import ChargerId, SessionId
from shared.phases import PHASES, PhaseCurrents
from shared.units import CAR_FOLLOW_S, PILOT_MIN_A

DRAWS_A: Final = 1.0
"""Above this a line carries a car; below it, its electronics."""
METER_ERROR_A: Final = 0.5
"""How far a reading may be above a limit that is obeyed."""
IGNORES_MARGIN_A: Final = METER_ERROR_A
"""How much more than its highest reading a car is counted at that does not obey."""
OBEYS_S: Final = 15.0
"""How long a car that has not obeyed draws no more than it may, before it is believed again."""
STEADY_S: Final = 8.0
"""How long a car shows the same behaviour before it is believed."""
PHASES_STEADY_S: Final = 3.0
"""How long a car draws on one phase only before it is counted on that one. Should it ever draw on the
others, it is counted on all of them at once."""
SPARE_A: Final = 1.5
"""What a car must leave unused before any of it is lent to others."""
MARGIN_A: Final = 0.8
"""What a car that leaves current unused keeps above its draw, so that it can show it wants more."""
FINISHED_S: Final = 20.0
"""A car that draws nothing for so long although it may has finished, or sleeps."""
FINISHED_AGAIN_S: Final = 900.0
"""After so long a finished car is offered current again."""
WAKES_MAX: Final = 3
"""How often a car is woken after a pause before it counts as finished. Some cars give up charging after
three interruptions, so nobody's is interrupted that draws anything."""
WAKE_S: Final = 5.0
"""For how long the offer is taken away to wake a car; twice as long with every further try. A car that sees
the pilot come back begins as if it had just been plugged in (IEC 61851-1, A.5.3, has chargers do so)."""
STALE_S: Final = 30.0
"""A reading older than this tells nothing of the present."""


class PhasesTold(Enum):
    """What a charger that can switch is known to do with its phases at present."""

    ALL = "it closes all its terminals"
    ONE = "it closes one terminal, if it obeys"
    UNSURE = "it was told otherwise lately"


@dataclass(frozen=True, slots=True)
class Offer:
    """The limit a charger has confirmed, and since when, however often it was renewed."""

    limit_a: float
    confirmed_at_s: float


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is known of the car at one charger."""

    session_id: SessionId | None = None
    current_a: PhaseCurrents | None = None
    read_at_s: float = 0.0
    measured_at_s: float = -math.inf
    """When that was measured, by the charger's clock."""
    register_wh: int | None = None
    """What the charger's register showed last in this session."""
    one_phase_since_s: float | None = None
    one_phase: bool | None = None
    """Whether the car uses one phase only; none while nobody can tell."""
    keeps_three_phases: bool = False
    """It was told to use one phase, and went on with more: it cannot switch, whatever is said of it."""
    spare_since_s: float | None = None
    wish_a: float | None = None
    """What the car can use, when it is less than it was offered."""
    idle_since_s: float | None = None
    paused: bool = False
    """It was told to draw nothing before it had finished, and has drawn nothing since: it may sleep."""
    wakes: int = 0
    """How often it was woken since it was paused."""
    waking_until_s: float | None = None
    """Until when its offer is taken away to wake it."""
    finished_at_s: float | None = None
    obeys_since_s: float | None = None
    """Since when one that has not obeyed draws no more than it may."""
    disobeys_a: float | None = None
    """The most that it drew although it was told less, until it obeys again."""

    @property
    def counted_a(self) -> float | None:
        """What it is counted at while it does not obey, however old readings are; none: it obeys."""
        return None if self.disobeys_a is None else self.disobeys_a + IGNORES_MARGIN_A

    def fresh_a(self, now_s: float) -> PhaseCurrents | None:
        """The latest reading, unless it is too old to tell anything."""
        return self.current_a if now_s - self.read_at_s <= STALE_S else None

    def waking(self, now_s: float) -> bool:
        """Whether the offer is taken away at present to wake the car."""
        return self.waking_until_s is not None and now_s < self.waking_until_s

    def finished(self, now_s: float) -> bool:
        """Whether the car wants no current at present."""
        return self.finished_at_s is not None and now_s - self.finished_at_s < FINISHED_AGAIN_S


def observe(
    before: Behaviour,
    site: Site,
    charger_id: ChargerId,
    session_id: SessionId | None,
    current_a: PhaseCurrents,
    offer: Offer | None,
    now_s: float,
    told: PhasesTold = PhasesTold.ALL,
    measured_at_s: float = math.inf,
    register_wh: int | None = None,
    allowed_a: float | None = None,
) -> Behaviour:
    """
    Take a reading into account; a new session is a car nobody knows yet. What cannot be, or comes
    after its successor, tells nothing: without other readings the car is soon counted at its limit.

    Args:
        before: what was known.
        site: where its charger stands.
        charger_id: which that is.
        session_id: whose reading it is; none while nobody charges.
        current_a: what was read, in amperes on L1, L2 and L3.
        offer: the limit that was confirmed last.
        now_s: when the reading came, in seconds since 1970.
        told: what the charger's contactor is known to do.
        measured_at_s: when it was measured, by the charger's clock.
        register_wh: what its register showed.
        allowed_a: the most that may be in force, confirmed or not: whoever draws more does not obey. None:
            it is not known.
    """
    if not _believable(before, current_a, now_s, measured_at_s):
        return before
    if session_id != before.session_id:
        before = Behaviour(session_id=session_id)
    l1, l2, l3 = (max(a, 0.0) for a in current_a)
    seen = replace(
        before,
        current_a=(l1, l2, l3),
        read_at_s=now_s,
        measured_at_s=measured_at_s,
        register_wh=before.register_wh if register_wh is None else register_wh,
    )
    seen = _phases(seen, site, charger_id, told, now_s)
    if allowed_a is not None:
        seen = _obedience(seen, allowed_a, now_s)
    if offer is None or now_s - offer.confirmed_at_s < CAR_FOLLOW_S:
        # The car may still be following its last limit: what it leaves unused says nothing of it.
        return _with(seen, spare_since_s=None, idle_since_s=None)
    seen = _thrift(seen, offer, now_s)
    return _finishing(seen, offer, now_s)


def _believable(
    before: Behaviour, current_a: PhaseCurrents, now_s: float, measured_at_s: float
) -> bool:
    """
    Tell whether a reading can be of now. A charger whose clock was set back a little is believed again once
    nothing of it is fresh any more; telemetry corrects clocks that are further off. What was measured long
    ago is of then, however long nothing was heard: a car that drew nothing may draw all it is allowed by
    now.
    """
    if not all(-METER_ERROR_A <= a < math.inf for a in current_a):
        return False
    if now_s - measured_at_s > STALE_S:
        return False
    if now_s - before.read_at_s > STALE_S:
        return True
    return now_s >= before.read_at_s and measured_at_s >= before.measured_at_s


def _with(seen: Behaviour, **changes: object) -> Behaviour:
    """Most readings change nothing but what was read."""
    if all(getattr(seen, it) == value for it, value in changes.items()):
        return seen
    return replace(seen, **changes)  # type: ignore[arg-type]


def _phases(
    seen: Behaviour, site: Site, charger_id: ChargerId, told: PhasesTold, now_s: float
) -> Behaviour:
    """A car behind one terminal, or one closed terminal, looks like a one-phase car, whatever it is."""
    if seen.current_a is None or len(site.chargers[charger_id].wiring) == 1:
        return seen
    if told is not PhasesTold.ALL:
        return _on_one_terminal(seen, site, charger_id, told)
    one = {PHASES.index(line) for line in site.lines(charger_id, terminals=1)}
    on_one = max(seen.current_a[i] for i in one)
    beyond = max((a for i, a in enumerate(seen.current_a) if i not in one), default=0.0)
    if beyond > DRAWS_A:
        return _with(seen, one_phase=False, one_phase_since_s=None)
    if on_one < PILOT_MIN_A / 2:
        return seen
    since_s = now_s if seen.one_phase_since_s is None else seen.one_phase_since_s
    if now_s - since_s < PHASES_STEADY_S:
        return _with(seen, one_phase_since_s=since_s)
    return _with(seen, one_phase=True, one_phase_since_s=since_s)


def _on_one_terminal(
    seen: Behaviour, site: Site, charger_id: ChargerId, told: PhasesTold
) -> Behaviour:
    seen = _with(seen, one_phase_since_s=None)
    loaded = sum(a > DRAWS_A for a in seen.current_a or ())
    if loaded <= len(site.lines(charger_id, terminals=1)):
        return seen
    keeps = seen.keeps_three_phases or told is PhasesTold.ONE
    return _with(seen, one_phase=False, keeps_three_phases=keeps)


def _obedience(seen: Behaviour, allowed_a: float, now_s: float) -> Behaviour:
    drawn_a = max(seen.current_a or (0.0,))
    off = allowed_a < PILOT_MIN_A
    if drawn_a > max(allowed_a + METER_ERROR_A, DRAWS_A if off else 0.0):
        worst_a = max(drawn_a, seen.disobeys_a or 0.0)
        return _with(seen, disobeys_a=worst_a, obeys_since_s=None)
    if seen.disobeys_a is None or off:
        return _with(seen, obeys_since_s=None)  # that one is switched off proves nothing
    since_s = now_s if seen.obeys_since_s is None else seen.obeys_since_s
    if now_s - since_s < OBEYS_S:
        return _with(seen, obeys_since_s=since_s)
    return _with(seen, disobeys_a=None, obeys_since_s=None)


def _thrift(seen: Behaviour, offer: Offer, now_s: float) -> Behaviour:
    drawn_a = max(seen.current_a or (0.0,))
    spare_a = offer.limit_a - drawn_a
    if spare_a < METER_ERROR_A:
        return _with(seen, spare_since_s=None, wish_a=None)  # it may want more: give it back
    if spare_a < SPARE_A or drawn_a < DRAWS_A:
        return _with(seen, spare_since_s=None)
    since_s = now_s if seen.spare_since_s is None else seen.spare_since_s
    if now_s - since_s < STEADY_S:
        return _with(seen, spare_since_s=since_s)
    wish_a = max(PILOT_MIN_A, round(drawn_a + MARGIN_A, 1))
    return _with(seen, spare_since_s=since_s, wish_a=wish_a)


def _finishing(seen: Behaviour, offer: Offer, now_s: float) -> Behaviour:
    if max(seen.current_a or (0.0,)) >= DRAWS_A:
        return _with(
            seen,
            idle_since_s=None,
            finished_at_s=None,
            paused=False,
            wakes=0,
            waking_until_s=None,
        )
    if offer.limit_a < PILOT_MIN_A:
        paused = seen.paused or seen.finished_at_s is None
        return _with(seen, idle_since_s=None, paused=paused)
    since_s = now_s if seen.idle_since_s is None else seen.idle_since_s
    if now_s - since_s < FINISHED_S:
        return _with(seen, idle_since_s=since_s)
    if seen.paused and seen.wakes < WAKES_MAX:
        until_s = now_s + WAKE_S * 2**seen.wakes
        return _with(seen, idle_since_s=None, wakes=seen.wakes + 1, waking_until_s=until_s)
    return _with(seen, idle_since_s=since_s, finished_at_s=now_s, paused=False, wakes=0)
