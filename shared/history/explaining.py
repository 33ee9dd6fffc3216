"""
Why a charger had what it had at a moment: a few plain sentences, and the same for programs.

    Bay 12 (ZAP000123) may draw 8.0 A on L1, L2, L3 since 17:03:12.
    Circuit Level 1 (32 A) is fully shared out on L2 among 4 cars, each has its fair share.
    If circuit Level 1 carried more, the main breaker (63 A) on L2 would be next, at 11.2 A.
"""

from collections.abc import Iterator
from typing import Any

from shared.history.differences import plain
from shared.history.explained import Explained
from shared.history.limits import Decided, InForce
from shared.history.why import (
    SHARED_OUT,
    SHOWN_A,
    Situation,
    afterwards,
    because,
    breaker_name,
    tenths,
    waits,
)
from shared.messages.balancer import LimitedBy, Rule
from shared.phases import PHASES, Phase
from shared.units import TOLERANCE_A

# --- In sentences ---


def sentences(it: Explained) -> list[str]:
    """Explain in two to six sentences what a charger has, why, what would be next, and what was before."""
    told = [_has(it), _pending(it), *_why(it), _confirmed(it), _before(it), _draws(it)]
    return [f"{clause[0].upper()}{clause[1:]}." for clause in told if clause]


def _has(it: Explained) -> str:
    name, holds = f"{it.charger.name} ({it.charger.serial})", it.holds
    if holds.course.since is None:
        reserved = f"; the breakers keep {_a(it.fail_safe_a)} for it, its fail-safe"
        told = reserved if it.fail_safe_a > SHOWN_A else ""
        return f"{name} has never connected, so it gives nothing{told}"
    if holds.decided is not None and holds.since is not None:
        what = _what(holds.decided.limit_a, holds.decided.phases)
        return f"{name} may draw {what} since {it.clock(holds.since)}"
    what = f"{name} is on its fail-safe and may draw {_what(it.fail_safe_a, it.charger.wiring)}"
    if holds.lapsed is None or holds.since is None:
        return f"{what}: it has confirmed no limit yet"
    ran_out = f"its limit of {_a(holds.lapsed.limit_a)} ended then"
    return f"{what} since {it.clock(holds.since)}: {ran_out} and was not extended"


def _pending(it: Explained) -> str | None:
    pending = it.holds.pending
    if pending is None:
        return None
    here = it.holds.decided
    if here is not None and abs(here.limit_a - pending.limit_a) < TOLERANCE_A:
        return None
    what = "its charger did not take that" if it.holds.refused else "that is not confirmed yet"
    return f"{_a(pending.limit_a)} are decided since {it.clock(pending.at)}, but {what}"


def _why(it: Explained) -> Iterator[str | None]:
    if it.holds.course.since is None and it.reason is None:
        return
    if it.holds.course.since is not None and not it.holds.course.online:
        yield f"it is offline since {it.clock(it.holds.course.since)}, so no other limit reaches it"
    reason, situation = it.reason, it.situation()
    if reason is None:
        return
    clause = because(reason, situation)
    if reason.rule is Rule.QUEUE:
        clause = f"its car is {waits(situation)}: {clause}"
    if reason.rule in SHARED_OUT and reason.shared_by > 1:
        clause = f"{clause}, each has its fair share"
    yield clause
    yield afterwards(reason, situation)


def _confirmed(it: Explained) -> str | None:
    decided, until = it.holds.decided, it.holds.until
    if decided is None or until is None:
        return None
    where = f"position {decided.position} of the balancer's log, epoch {decided.epoch}"
    then = f"then its fail-safe of {_a(it.fail_safe_a)} counts, unless the limit is extended"
    return f"the charger has confirmed it until {it.clock(until)}, {then} ({where})"


def _before(it: Explained) -> str | None:
    before = it.holds.before
    if before is None:
        return None
    had, now = before.limited_by, it.reason
    told = f"before that it had {_what(before.limit_a, before.phases)}"
    if had is None:
        return told
    situation = Situation(it.situation().circuits, limit_a=before.limit_a)
    if now is not None and _same_place(had, now) and had.shared_by != now.shared_by > 0:
        place = breaker_name(had.circuit_id, situation.circuits)
        cars = "1 car" if had.shared_by == 1 else f"{had.shared_by} cars"
        return f"{told}, when {cars} shared {place} on {had.phase}"
    return f"{told}; the reason then: {because(had, situation)}"


def _same_place(one: LimitedBy, other: LimitedBy) -> bool:
    return (
        one.rule is other.rule
        and one.rule in SHARED_OUT
        and (one.circuit_id, one.phase) == (other.circuit_id, other.phase)
    )


def _draws(it: Explained) -> str | None:
    if it.holds.course.session_since is None:
        return None
    if it.reading is None:
        return "no reading of that time is kept any more"
    lines = zip(PHASES, it.reading.current_a, strict=True)
    told = ", ".join(f"{line} {tenths(a)}" for line, a in lines)
    return f"its car draws {told} A, read at {it.clock(it.reading.received_at)}"


def _a(a: float) -> str:
    return f"{tenths(a)} A"


def _what(limit_a: float, phases: tuple[Phase, ...]) -> str:
    """
    Say what may be drawn.

    >>> _what(8.0, (Phase.L3, Phase.L1)), _what(0.0, ())
    ('8.0 A on L1, L3', 'nothing')
    """
    if limit_a < SHOWN_A:
        return "nothing"
    lines = ", ".join(line for line in PHASES if line in phases)
    return f"{_a(limit_a)} on {lines}" if lines else _a(limit_a)


# --- For programs ---


def as_json(it: Explained) -> dict[str, Any]:
    """Lay an explanation out for programs."""
    holds = it.holds
    return {
        "installation_id": it.installation.installation_id,
        "charger_id": it.charger_id,
        "serial": it.charger.serial,
        "at": it.at.isoformat(),
        "limit_a": it.limit_a,
        "holds": _kind(holds),
        "since": holds.since and holds.since.isoformat(),
        "until": holds.until and holds.until.isoformat(),
        "limited_by": it.reason and it.reason.model_dump(mode="json"),
        "place": it.place,
        "fail_safe_a": it.fail_safe_a,
        "online": holds.course.online,
        "decided": _decided(holds.decided),
        "pending": _decided(holds.pending),
        "before": _decided(holds.before),
        "reading": it.reading and it.reading.model_dump(mode="json"),
        "sentences": sentences(it),
    }


def _kind(holds: InForce) -> str:
    if holds.course.since is None:
        return "nothing"
    return "fail-safe" if holds.decided is None else "limit"


def _decided(decided: Decided | None) -> dict[str, Any] | None:
    if decided is None:
        return None
    return {
        "position": decided.position,
        "at": decided.at.isoformat(),
        "epoch": decided.epoch,
        "limit_a": decided.limit_a,
        "phases": plain(decided.phases),
        "ends_at": decided.ends_at.isoformat(),
        "limited_by": decided.limited_by and decided.limited_by.model_dump(mode="json"),
    }
