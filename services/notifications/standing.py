"""
What stands at this moment: a pure function of what is known and of the time.

Whatever stands and was not warned of is raised, whatever was warned of and stands no more is cleared
(`watch.py`). Of some things it cannot be said, such as just after a restart; then nothing changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.notifications.folds import ALARM_LASTS_S, OVERLOAD_LASTS_S
from services.notifications.known import Balance, Condition, Site, seconds_between
from services.notifications.near_limit import Line
from shared.ids import ChargerId, CircuitId
from shared.messages import Message, Moment, Note
from shared.messages.notifications import WarningKind
from shared.phases import Phase
from shared.units import Amperes

OFFLINE_AFTER_S: Final = 300.0
"""A charger that starts anew, or changes its network, is back sooner than that."""
OBEYS_AFTER_S: Final = 300.0
"""How long a charger has to keep to its limits before it is said to."""
SILENT_AFTER_S: Final = 60.0

EXPLAINED: Final = frozenset(
    {"drivers-are-asked", "phases-not-switched", "load-measured-already"}
)
"""Notes on what may well be meant so: they are told to whoever sets it up, and warn nobody."""

Key = tuple[WarningKind, str]
"""A kind, and what of the installation it is about: of each there is one warning at a time."""


class Stands(Message):
    """Something that somebody is to be warned of."""

    kind: WarningKind
    about: str
    called: str = ""
    since: Moment
    charger_id: ChargerId | None = None
    circuit_id: CircuitId | None = None
    phase: Phase | None = None
    measured_a: Amperes | None = None
    limit_a: Amperes | None = None
    said: str = ""
    mend: str = ""

    @property
    def key(self) -> Key:
        return (self.kind, self.about)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Deliveries that were given up, to one webhook or person."""

    target: str
    called: str
    fault: str
    since: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Facts:
    """
    All that is known of an installation.

    Args:
        conditions: by charger.
        lines: of breakers, as they were watched.
        notes: of its set-up; none: nobody has been asked yet.
    """

    site: Site
    conditions: Mapping[ChargerId, Condition] = field(default_factory=dict)
    balance: Balance = field(default_factory=Balance)
    lines: Mapping[str, Line] = field(default_factory=dict)
    notes: Sequence[Note] | None = None
    notes_since: datetime | None = None
    undelivered: Sequence[Undelivered] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands, and of what it cannot be said."""

    stands: Mapping[Key, Stands]
    unknown: frozenset[Key]
    unknown_kinds: frozenset[WarningKind]

    def is_over(self, key: Key) -> bool:
        """Tell whether something certainly stands no more."""
        return (
            key not in self.stands
            and key not in self.unknown
            and key[0] not in self.unknown_kinds
        )


def standing(facts: Facts, now: datetime) -> Standing:
    """Tell what stands at an installation; nothing at one that is out of use, but what is undelivered."""
    found = [*_undelivered(facts)]
    unknown: set[Key] = set()
    kinds: set[WarningKind] = set()
    if facts.site.active:
        found += [
            *_of_chargers(facts, now),
            *_of_breakers(facts, now),
            *_near_limits(facts, now),
        ]
        near = (WarningKind.NEAR_LIMIT, WarningKind.SET_UP)
        seen = {it.key: it.near(now) for it in facts.lines.values()}
        unknown = {(near[0], key) for key, is_near in seen.items() if is_near is None}
        if not facts.lines:
            kinds.add(WarningKind.NEAR_LIMIT)
        if facts.notes is None:
            kinds.add(WarningKind.SET_UP)
        else:
            found += [*_set_up(facts.notes, facts.notes_since or now)]
    return Standing({it.key: it for it in found}, frozenset(unknown), frozenset(kinds))


# --- Chargers ---


def _of_chargers(facts: Facts, now: datetime) -> Iterator[Stands]:
    for charger_id, charger in facts.site.chargers.items():
        if charger.locked_since is not None:
            yield Stands(
                kind=WarningKind.SERIAL_LOCKED,
                about=charger_id,
                called=charger.name,
                charger_id=charger_id,
                since=charger.locked_since,
                said=charger.serial,
            )
            continue  # what is locked is out of use, and nobody has to look after it otherwise
        condition = facts.conditions.get(charger_id)
        if condition is not None and condition.serial in {None, charger.serial}:
            yield from _of_condition(charger_id, charger.name, condition, now)
            yield from _alarms(charger_id, charger.name, condition, now)
        yield from _ignoring(facts, charger_id, charger.name, now)


def _of_condition(
    charger_id: ChargerId, name: str, condition: Condition, now: datetime
) -> Iterator[Stands]:
    gone = condition.gone_since
    if gone is not None and seconds_between(gone, now) >= OFFLINE_AFTER_S:
        yield Stands(
            kind=WarningKind.CHARGER_OFFLINE,
            about=charger_id,
            called=name,
            charger_id=charger_id,
            since=gone,
        )
    if condition.fault is not None:
        fault = condition.fault
        yield Stands(
            kind=WarningKind.FAULT,
            about=charger_id,
            called=name,
            charger_id=charger_id,
            since=fault.since,
            said=f"{fault.code} ({fault.info})" if fault.info else fault.code,
        )


def _alarms(
    charger_id: ChargerId, name: str, condition: Condition, now: datetime
) -> Iterator[Stands]:
    for kind, alarm in condition.alarms.items():
        if seconds_between(alarm.latest, now) < ALARM_LASTS_S:
            yield Stands(
                kind=WarningKind.SECURITY,
                about=f"{charger_id}:{kind}",
                called=name,
                charger_id=charger_id,
                since=alarm.since,
                said=f"{kind} ({alarm.info})" if alarm.info else kind,
            )


def _ignoring(
    facts: Facts, charger_id: ChargerId, name: str, now: datetime
) -> Iterator[Stands]:
    ignored = facts.balance.ignored.get(charger_id)
    if ignored is None:
        return
    if ignored.until is not None and seconds_between(ignored.until, now) >= OBEYS_AFTER_S:
        return
    yield Stands(
        kind=WarningKind.LIMIT_IGNORED,
        about=charger_id,
        called=name,
        charger_id=charger_id,
        since=ignored.since,
        measured_a=ignored.measured_a,
        limit_a=ignored.limit_a,
    )


# --- Breakers and meters ---


def _of_breakers(facts: Facts, now: datetime) -> Iterator[Stands]:
    for about, overload in facts.balance.overloads.items():
        if seconds_between(overload.latest, now) < OVERLOAD_LASTS_S:
            yield Stands(
                kind=WarningKind.OVERLOAD,
                about=about,
                called=facts.site.breaker_name(overload.circuit_id),
                circuit_id=overload.circuit_id,
                phase=overload.phase,
                since=overload.since,
                measured_a=overload.measured_a,
                limit_a=overload.limit_a,
            )
    for circuit_id, since in facts.balance.silent.items():
        if seconds_between(since, now) >= SILENT_AFTER_S:
            yield Stands(
                kind=WarningKind.METER_SILENT,
                about=circuit_id,
                called=facts.site.breaker_name(circuit_id),
                circuit_id=circuit_id,
                since=since,
            )


def _near_limits(facts: Facts, now: datetime) -> Iterator[Stands]:
    for about, line in facts.lines.items():
        breaker = facts.site.breakers.get(line.circuit_id)
        if breaker is None or not breaker.active or line.near(now) is not True:
            continue
        yield Stands(
            kind=WarningKind.NEAR_LIMIT,
            about=about,
            called=breaker.name,
            circuit_id=line.circuit_id,
            phase=line.phase,
            since=line.high_since or now,
            measured_a=line.measured_a,
            limit_a=line.rated_a,
        )


# --- Set-up and deliveries ---


def _set_up(notes: Sequence[Note], since: datetime) -> Iterator[Stands]:
    """Notes that only explain have nothing to be mended, and nobody is warned of them."""
    for note in notes:
        if note.mend and note.code not in EXPLAINED:
            yield Stands(
                kind=WarningKind.SET_UP,
                about=note.code,
                since=since,
                said=note.text,
                mend=note.mend,
            )


def _undelivered(facts: Facts) -> Iterator[Stands]:
    for it in facts.undelivered:
        yield Stands(
            kind=WarningKind.DELIVERY_FAILED,
            about=it.target,
            called=it.called,
            since=it.since,
            said=f"{it.fault} ({it.count})",
        )
