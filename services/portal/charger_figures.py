"""The figures of one charger, worked out of what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.portal.documents import Charger, Condition, Layout, Refusal, Removed, Share
from shared.history.why import SHOWN_A
from shared.ids import CircuitId
from shared.messages.telemetry import MeterReading
from shared.phases import GridType


@dataclass(frozen=True, slots=True)
class ChargerFacts:
    """Everything known about one charger; `turn` is its place in the queue."""

    charger: Charger
    layout: Layout
    condition: Condition
    share: Share | None
    reading: MeterReading | None
    listening_since: datetime
    turn: int | None
    circuits: Mapping[CircuitId, str]
    """Their names."""
    refusal: Refusal | None = None
    removed: Removed | None = None

    @property
    def grid(self) -> GridType:
        return self.layout.grid_type


def silent_s_of(facts: ChargerFacts, now: datetime) -> float:
    """Tell how long a charger with a car has not said how much it draws, in seconds."""
    condition, reading = facts.condition, facts.reading
    if not condition.online or condition.session is None:
        return 0.0  # it has nothing to say
    if reading is not None and _of_this_session(reading, condition):
        return (now - reading.received_at).total_seconds()
    heard_from = max(facts.listening_since, condition.session.heard_at)
    return (now - heard_from).total_seconds()


def _of_this_session(reading: MeterReading, condition: Condition) -> bool:
    session_id = None if condition.session is None else condition.session.session_id
    return reading.session_id in {None, session_id}


def draw_of(facts: ChargerFacts) -> float | None:
    """The highest current on any line, in amperes; a reading speaks of its own session only."""
    condition, reading = facts.condition, facts.reading
    if not condition.online or reading is None:
        return None
    return max(reading.current_a) if _of_this_session(reading, condition) else None


def leased(condition: Condition, now: datetime) -> bool:
    """Tell whether a limit that the charger has confirmed is still in force."""
    return condition.applied is not None and now < condition.applied.valid_until


def limit_in_force_of(condition: Condition, now: datetime) -> float | None:
    """
    What a charger is known to hold its car to, in amperes.

    A limit ends with its lease; then, as without any, the charger is on the fail-safe that it has
    confirmed. None: it has confirmed nothing.
    """
    if condition.applied is not None and leased(condition, now):
        return condition.applied.limit_a
    return condition.fail_safe_a


def next_limit_of(facts: ChargerFacts, limit_a: float | None, now: datetime) -> float | None:
    """What is decided and not confirmed yet, in amperes; none when it is what is in force."""
    share = facts.share
    if share is None or share.limit_a is None or share.valid_until is None or limit_a is None:
        return None
    if not facts.condition.online or now >= share.valid_until:
        return None
    return None if same(share.limit_a, limit_a) else share.limit_a


def same(one_a: float, other_a: float) -> bool:
    """Tell whether two currents look the same."""
    return abs(one_a - other_a) < SHOWN_A


def waiting_since_of(condition: Condition, share: Share | None) -> datetime | None:
    """Since when the car waits for its turn; an earlier car's wait does not count."""
    session = condition.session
    if session is None or share is None or share.waiting_since is None:
        return None
    return share.waiting_since if share.waiting_since >= session.heard_at else None


def session_wh_of(facts: ChargerFacts) -> int | None:
    """What the car has been given in this session, by the charger's register."""
    session, reading = facts.condition.session, facts.reading
    if session is None or reading is None or reading.register_wh is None:
        return None
    if not _of_this_session(reading, facts.condition):
        return None
    return max(0, reading.register_wh - session.register_wh)
