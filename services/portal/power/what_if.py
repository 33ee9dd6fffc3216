"""What would be if something were otherwise: the question as it is filled in, the answer as it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.portal.documents import Layout
from services.portal.doing import wrong_fields
from services.portal.power.amounts import Unclear, currents_of, moment_of, told
from services.portal.why import why
from services.portal.wording import amperes, clock_time
from shared.history.why import Situation
from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import MAIN
from shared.messages.what_if import (
    MORE_MAX,
    BreakerThen,
    CarThen,
    MoreCars,
    Picture,
    WhatIf,
    WhatIfAnswer,
)
from shared.phases import PHASES
from shared.speech import _, counted
from shared.spelling import plain

FIELDS: Final = ("at", "count", "phases", "circuit", "available_a", "breaker", "set_a")
SAME_A: Final = 0.05
"""What is nearer than this looks the same."""


# --- The question ---


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, or what is wrong with which field of it."""

    question: WhatIf | None
    wrong: Mapping[str, str]


def question_of(given: Mapping[str, str], layout: Layout, now: datetime) -> Asked:
    """Read what was filled in."""
    wrong: dict[str, str] = {}
    fields: dict[str, Any] = {"installation_id": layout.installation_id}
    try:
        if given["at"]:
            fields["at"] = moment_of(given["at"], ZoneInfo(layout.time_zone), now)
    except Unclear as error:
        wrong["at"] = str(error)
    try:
        if given["available_a"]:
            fields["available_a"] = currents_of(given["available_a"])
    except Unclear as error:
        wrong["available_a"] = str(error)
    if given["count"] not in {"", "0"}:
        wrong |= _wrong_cars(given, layout)
        more = {
            "count": given["count"],
            "circuit_id": given["circuit"],
            "three_phases": given["phases"] != "1",
        }
        fields["more"] = (more,)
    if given["set_a"]:
        set_a = given["set_a"].replace(",", ".")
        fields["other"] = {"circuit_id": given["breaker"] or MAIN, "set_a": set_a}
    return Asked(None, wrong) if wrong else _checked(fields)


def _wrong_cars(given: Mapping[str, str], layout: Layout) -> dict[str, str]:
    if not given["count"].isdecimal() or not 0 < int(given["count"]) <= MORE_MAX:
        return {"count": _("A number of cars between 0 and %(most)s.", most=MORE_MAX)}
    if given["circuit"] not in {it.circuit_id for it in layout.circuits}:
        return {"circuit": _("Choose the circuit on which they would charge.")}
    return {}


def _checked(fields: Mapping[str, Any]) -> Asked:
    try:
        return Asked(WhatIf.model_validate(fields), {})
    except ValidationError as error:
        of_fields = wrong_fields(error).fields
        text = next(iter(of_fields.values()), str(error))
        named = "available_a" if "available_a" in of_fields else "set_a"
        return Asked(None, {named: text})


# --- The answer ---


@dataclass(frozen=True, slots=True)
class PhaseThen:
    """A line of a breaker, before and after, in amperes and in percent of the bar."""

    line: str
    before: str
    after: str
    before_pc: float
    after_pc: float
    usable_pc: float
    set_pc: float
    spoken: str


@dataclass(frozen=True, slots=True)
class BreakerCompared:
    """A breaker, before and after."""

    name: str
    rating: str
    phases: tuple[PhaseThen, ...]


@dataclass(frozen=True, slots=True)
class CarCompared:
    """A car, before and after."""

    name: str
    circuit: str
    before: str
    after: str
    change: str
    """more, less, same, new or waits."""
    why: str


@dataclass(frozen=True, slots=True)
class Compared:
    """All of it."""

    sentences: tuple[str, ...]
    breakers: tuple[BreakerCompared, ...]
    cars: tuple[CarCompared, ...]
    settled: bool


def compared(question: WhatIf, answer: WhatIfAnswer, layout: Layout, now: datetime) -> Compared:
    """Put before and after side by side."""
    circuits = {it.circuit_id: it.name for it in layout.circuits}
    names = {it.charger_id: it.name for it in layout.chargers}
    before = {it.circuit_id: it for it in answer.as_is.breakers}
    breakers = [
        _breaker(before[it.circuit_id], it, circuits, layout)
        for it in answer.otherwise.breakers
        if it.circuit_id in before
    ]
    present = {it.charger_id: it for it in answer.as_is.cars}
    cars = [
        _car(present.get(it.charger_id), it, names, circuits) for it in answer.otherwise.cars
    ]
    return Compared(
        tuple(_sentences(question, answer, layout, circuits, now)),
        tuple(breakers),
        tuple(sorted(cars, key=lambda it: it.change == "same")),
        answer.settled,
    )


def _circuit_name(circuit_id: CircuitId, circuits: Mapping[CircuitId, str]) -> str:
    return _("Main breaker") if circuit_id == MAIN else circuits.get(circuit_id, circuit_id)


def _breaker(
    before: BreakerThen,
    after: BreakerThen,
    circuits: Mapping[CircuitId, str],
    layout: Layout,
) -> BreakerCompared:
    whole_a = max(before.set_a, after.set_a, *before.load_a, *after.load_a)
    phases = []
    for line in layout.grid_type.lines:
        index = PHASES.index(line)
        was_a, is_a, usable_a = before.load_a[index], after.load_a[index], after.usable_a[index]
        phases.append(
            PhaseThen(
                line=line.value,
                before=amperes(was_a),
                after=amperes(is_a),
                before_pc=_percent(was_a, whole_a),
                after_pc=_percent(is_a, whole_a),
                usable_pc=_percent(min(usable_a, after.set_a), whole_a),
                set_pc=_percent(after.set_a, whole_a),
                spoken=_(
                    "%(line)s: %(before)s A as it is, %(after)s A then, of %(usable)s A",
                    line=line.value,
                    before=amperes(was_a),
                    after=amperes(is_a),
                    usable=amperes(min(usable_a, after.set_a)),
                ),
            )
        )
    rating = f"{plain(after.set_a)} A"
    if abs(after.set_a - before.set_a) > SAME_A:
        rating = _(
            "%(after)s A instead of %(before)s A",
            after=plain(after.set_a),
            before=plain(before.set_a),
        )
    return BreakerCompared(_circuit_name(after.circuit_id, circuits), rating, tuple(phases))


def _percent(a: float, whole_a: float) -> float:
    return round(100 * max(0.0, a) / whole_a, 1)


def _car(
    before: CarThen | None,
    after: CarThen,
    names: Mapping[ChargerId, str],
    circuits: Mapping[CircuitId, str],
) -> CarCompared:
    number = after.charger_id.rpartition("-")[2].lstrip("0")
    name = names.get(after.charger_id, after.charger_id)
    situation = Situation(
        circuits,
        limit_a=after.limit_a,
        place=after.limited_by.place if after.waits else None,
    )
    return CarCompared(
        name=_("New car %(number)s", number=number) if after.is_new else name,
        circuit=_circuit_name(after.circuit_id, circuits),
        before=_("–") if before is None else _limit_text(before),
        after=_limit_text(after),
        change=_change(before, after),
        why=why(after.limited_by, situation).text,
    )


def _limit_text(car: CarThen) -> str:
    if car.waits:
        place = car.limited_by.place
        return _("waits, place %(place)s", place=place) if place else _("waits")
    return f"{amperes(car.limit_a)} A"


def _change(before: CarThen | None, after: CarThen) -> str:
    if after.waits and (before is None or not before.waits):
        return "waits"
    if before is None:
        return "new"
    if abs(after.limit_a - before.limit_a) <= SAME_A:
        return "same"
    return "more" if after.limit_a > before.limit_a else "less"


# --- In words ---


def _sentences(
    question: WhatIf,
    answer: WhatIfAnswer,
    layout: Layout,
    circuits: Mapping[CircuitId, str],
    now: datetime,
) -> list[str]:
    texts: list[str] = []
    if question.at is not None:
        zone = ZoneInfo(layout.time_zone)
        texts.append(
            _(
                "At %(time)s, with the cars that are here now:",
                time=clock_time(question.at, now, zone),
            )
        )
    texts += _of_new(answer.otherwise.cars)
    texts += _of_present(answer.as_is, answer.otherwise)
    texts += _room(answer.otherwise, layout, circuits)
    waiting = next((it for it in answer.otherwise.cars if it.waits), None)
    if waiting is not None:
        then = why(waiting.limited_by, Situation(circuits, limit_a=0.0)).then
        if then:
            texts.append(f"{then}.")
    return texts


def _of_new(cars: Sequence[CarThen]) -> list[str]:
    new = [it for it in cars if it.is_new]
    charging = [it.limit_a for it in new if it.limit_a > 0]
    waiting = sum(it.waits for it in new)
    texts: list[str] = []
    if charging:
        least, most = amperes(min(charging)), amperes(max(charging))
        span = f"{least} A" if least == most else f"{least}–{most} A"
        texts.append(
            counted(
                len(charging),
                "%(n)s more car would charge at once, with %(span)s.",
                "%(n)s more cars would charge at once, with %(span)s.",
                span=span,
            )
        )
    if waiting:
        texts.append(
            counted(
                waiting,
                "%(n)s more car would wait for its turn.",
                "%(n)s more cars would wait for their turn.",
            )
        )
    return texts


def _of_present(as_is: Picture, otherwise: Picture) -> list[str]:
    present = {it.charger_id: it for it in as_is.cars}
    pairs = [(present[it.charger_id], it) for it in otherwise.cars if it.charger_id in present]
    if not pairs:
        return [_("No car that wants current is here now.")]
    was_a = mean(it.limit_a for it, _after in pairs)
    is_a = mean(it.limit_a for _before, it in pairs)
    paused = sum(after.waits and not before.waits for before, after in pairs)
    if abs(was_a - is_a) <= SAME_A:
        texts = [
            counted(
                len(pairs),
                "The %(n)s car that is here would have what it has.",
                "The %(n)s cars that are here would have what they have.",
            )
        ]
    else:
        texts = [
            counted(
                len(pairs),
                "The %(n)s car that is here would have %(is_a)s A instead of %(was_a)s A.",
                "The %(n)s cars that are here would have %(is_a)s A on average instead of %(was_a)s A.",
                is_a=amperes(is_a),
                was_a=amperes(was_a),
            )
        ]
    if paused:
        texts.append(
            counted(
                paused,
                "%(n)s of them would have to pause.",
                "%(n)s of them would have to pause.",
            )
        )
    return texts


def _room(picture: Picture, layout: Layout, circuits: Mapping[CircuitId, str]) -> list[str]:
    """Say which breaker is nearest to what may be used of it, and how much is left there."""
    found = [
        (
            min(it.usable_a[PHASES.index(line)], it.set_a) - it.load_a[PHASES.index(line)],
            line,
            it,
        )
        for it in picture.breakers
        for line in layout.grid_type.lines
    ]
    if not found:
        return []
    left_a, line, breaker = min(found, key=lambda it: it[0])
    name = _circuit_name(breaker.circuit_id, circuits)
    if left_a <= SAME_A:
        return [_("%(name)s would be fully used on %(line)s.", name=name, line=line.value)]
    return [
        _(
            "%(a)s A more would be left at the tightest breaker: %(name)s on %(line)s.",
            a=amperes(left_a),
            name=name,
            line=line.value,
        )
    ]


def stated(question: WhatIf, layout: Layout) -> str:
    """Say what was asked, as a heading."""
    parts = [_cars_text(it) for it in question.more]
    if question.available_a is not None:
        parts.append(
            _("available: %(currents)s", currents=told(question.available_a, layout.grid_type))
        )
    if question.other is not None:
        names = {it.circuit_id: it.name for it in layout.circuits}
        name = _circuit_name(question.other.circuit_id, names)
        parts.append(_("%(name)s set to %(a)s A", name=name, a=plain(question.other.set_a)))
    return ", ".join(parts) or _("nothing otherwise")


def _cars_text(cars: MoreCars) -> str:
    if cars.three_phases:
        return counted(
            cars.count, "%(n)s more car on three phases", "%(n)s more cars on three phases"
        )
    return counted(cars.count, "%(n)s more car on one phase", "%(n)s more cars on one phase")
