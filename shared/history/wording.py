"""How people say values, and what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, tzinfo
from typing import Any, Final

from shared.history.differences import Difference, Part
from shared.history.states import Installation, LockedWith
from shared.history.why import Situation, because
from shared.ids import ChargerId, CircuitId, Grantee, PersonId
from shared.messages.balancer import LimitedBy

NOTHING: Final = "none"

_FIELDS: Final = {
    "address": "address",
    "authentication_required": "authentication required",
    "available_a": "available current",
    "available_until": "available current until",
    "breaker_a": "breaker",
    "circuit_id": "circuit",
    "departure_at": "departure",
    "energy_wh": "energy wished in watt-hours",
    "error_code": "error code",
    "fail_safe_a": "fail-safe",
    "fail_safe_wished": "fail-safe wished by an installer",
    "grid_type": "grid",
    "highest_a": "highest load",
    "imbalance_a": "imbalance limit",
    "includes_load": "includes other load",
    "interval_s": "interval in seconds",
    "load_a": "set aside",
    "peak_w": "peak in watts",
    "otherwise_a": "available current otherwise",
    "power_w": "power in watts",
    "price_per_kwh": "price per kWh",
    "price_per_session": "price per session",
    "vat_percent": "VAT in per cent",
    "in_use": "in use",
    "limit_a": "limit",
    "limited_by": "limited by",
    "max_a": "maximum",
    "min_a": "minimum",
    "parent_id": "beneath",
    "phase_switching": "phase switching",
    "session_id": "session",
    "set_a": "set value",
    "switch_current_a": "switch current",
    "time_zone": "time zone",
    "waiting_since": "waiting since",
}


# --- Values ---


def amperes(a: float | None) -> str:
    """
    Spell a current.

    >>> amperes(63.0), amperes(7.5), amperes(None)
    ('63 A', '7.5 A', 'none')
    """
    return NOTHING if a is None else f"{a:g} A"


def each_phase(currents_a: Sequence[float] | None) -> str:
    """
    Spell a current per phase.

    >>> each_phase((32.0, 32.0, 32.0)), each_phase((32.0, 16.0, 0.0))
    ('32 A per phase', '32, 16, 0 A on L1, L2, L3')
    """
    if currents_a is None:
        return "as much as the breakers allow"
    if len(set(currents_a)) == 1:
        return f"{amperes(currents_a[0])} per phase"
    return f"{', '.join(f'{it:g}' for it in currents_a)} A on L1, L2, L3"


def local(moment: datetime, zone: tzinfo | None) -> str:
    """Spell a moment in a time zone, to the second; none stands for this machine's own."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def why(reason: LimitedBy, state: Installation) -> str:
    """Say what held a limit down."""
    return because(reason, Situation({it: known.name for it, known in state.circuits.items()}))


@dataclass(frozen=True, slots=True)
class Words:
    """Names and times as they were at an event: the states around it, and where people are. What people
    are called is known to few; by default they are told by their ids."""

    before: Installation
    after: Installation
    zone: tzinfo | None = None
    people: Mapping[PersonId, str] = field(default_factory=dict)

    def circuit(self, circuit_id: CircuitId | None) -> str:
        known = circuit_id in self.after.circuits or circuit_id is None
        return (self.after if known else self.before).circuit_name(circuit_id)

    def charger(self, charger_id: ChargerId) -> str:
        """Name a charger: what people call it, and its serial."""
        known = self.after.chargers.get(charger_id) or self.before.chargers.get(charger_id)
        return charger_id if known is None else f"{known.name} ({known.serial})"

    def person(self, person_id: PersonId) -> str:
        return self.people.get(person_id, f"person {person_id}")

    def who(self, grantee: Grantee) -> str:
        """Name whoever has a role: a person, the members of a group, a program."""
        kind, _, name = grantee.partition("/")
        return self.person(name) if kind == "person" else f"{kind} {name}"

    def time(self, moment: datetime) -> str:
        return local(moment, self.zone)


# --- Differences ---


def describe(found: Sequence[Difference], words: Words) -> list[str]:
    """Say what differs, from what to what: one line for everything about one thing."""
    lines: dict[str, list[str]] = {}
    for difference in found:
        subject = _subject(difference, words)
        lines.setdefault(subject, []).append(_from_to(difference, words))
    return [f"{subject}: {', '.join(told)}" for subject, told in lines.items()]


_TOLD_IN_FULL: Final = frozenset({Part.REPORTED, Part.ALLOTTED, Part.UNMANAGED})


def _from_to(difference: Difference, words: Words) -> str:
    if difference.field is None:
        return _came_or_went(difference, words)
    name = _FIELDS.get(difference.field, difference.field.replace("_", " "))
    before = _value(difference.field, difference.before, words.before, words)
    after = _value(difference.field, difference.after, words.after, words)
    return f"{name} {before} → {after}"


def _subject(difference: Difference, words: Words) -> str:
    match difference.part:
        case Part.INSTALLATION:
            return words.after.name
        case Part.CIRCUIT:
            return f"circuit {words.circuit(difference.key)}"
        case Part.CHARGER:
            return words.charger(difference.key)
        case Part.REPORTED:
            return f"{words.charger(difference.key)} reports"
        case Part.ALLOTTED:
            return f"{words.charger(difference.key)} is given"
        case Part.METER | Part.LIMIT:
            return f"{difference.part} {difference.key}"
        case Part.PEAK:
            return f"the peak of {words.circuit(difference.key)}"
        case Part.TARIFF:
            return f"the tariff from {difference.key} on"
        case Part.UNMANAGED:
            return f"other load behind {words.circuit(difference.key)}"
    raise ValueError(difference.part)


def _came_or_went(difference: Difference, words: Words) -> str:
    """Say all of what is reported or allotted for the first time; of a thing, only that it came."""
    content = difference.after
    if difference.part not in _TOLD_IN_FULL or content is None:
        return "added" if difference.before is None else "gone"
    told = {it.name: getattr(content, it.name) for it in fields(content)}
    return ", ".join(
        f"{_FIELDS.get(name, name.replace('_', ' '))} {_value(name, value, words.after, words)}"
        for name, value in told.items()
        if value is not None
    )


def _value(name: str, value: Any, state: Installation, words: Words) -> str:  # noqa: ANN401
    """Spell a value of a state, with the names of that state."""
    if name in {"circuit_id", "parent_id"}:
        return state.circuit_name(value)
    if name == "locked":
        return _locked(value, state)
    if name in {"available_a", "load_a"} or (name == "limit_a" and isinstance(value, tuple)):
        return each_phase(value)
    if isinstance(value, LimitedBy):
        return why(value, state)
    return _plain_value(name, value, words)


def _locked(value: LockedWith | None, state: Installation) -> str:
    if value is None:
        return "no"
    if value.circuit_id is None:
        return "with the installation"
    return f"with {state.circuit_name(value.circuit_id)}"


def _plain_value(name: str, value: Any, words: Words) -> str:  # noqa: ANN401
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case datetime():
            return words.time(value)
        case tuple():
            return " ".join(str(it) for it in value)
        case float() if name.endswith("_a"):
            return amperes(value)
        case _:
            return str(value)
