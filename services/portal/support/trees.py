"""An installation as it was at a moment, with what differs from another moment marked."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.history.differences import Difference, Part, differences
from shared.history.states import Installation
from shared.history.wording import amperes, each_phase
from shared.ids import ChargerId, CircuitId, Serial
from shared.messages.balancer import MAIN
from shared.speech import _, marked

SET_UP: Final = frozenset({Part.INSTALLATION, Part.CIRCUIT, Part.CHARGER})
"""What is marked; what chargers report goes on all the time."""


class Mark(StrEnum):
    """How something differs."""

    SAME = ""
    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"


MARKS: Final = {
    Mark.ADDED: marked("added"),
    Mark.CHANGED: marked("changed"),
    Mark.GONE: marked("gone"),
}


@dataclass(frozen=True, slots=True)
class Word:
    """A state in a word, with its sign."""

    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A charger where it stands, or stood."""

    id: ChargerId
    name: str
    serial: Serial
    figures: str
    words: tuple[Word, ...]
    mark: Mark
    mark_word: str


@dataclass(frozen=True, slots=True)
class Node:
    """A breaker, its chargers, and the breakers beneath it."""

    id: CircuitId
    name: str
    figures: str
    words: tuple[Word, ...]
    mark: Mark
    mark_word: str
    chargers: tuple[Leaf, ...]
    beneath: tuple["Node", ...]


Marks = Mapping[tuple[Part, str], Mark]


def set_up(before: Installation, after: Installation) -> list[Difference]:
    """Name what differs in how an installation is set up."""
    return [it for it in differences(before, after) if it.part in SET_UP]


def tree_of(before: Installation, after: Installation) -> Node:
    """
    Draw an installation.

    Args:
        before: what it is compared with; what is gone since is drawn where it was.
        after: as it is drawn.
    """
    return _main(before, after, _marks(set_up(before, after)))


def _marks(found: Sequence[Difference]) -> Marks:
    marks: dict[tuple[Part, str], Mark] = defaultdict(lambda: Mark.SAME)
    for it in found:
        mark = Mark.CHANGED
        if it.field is None:
            mark = Mark.ADDED if it.before is None else Mark.GONE
        marks[it.part, it.key] = mark
    return marks


def _main(before: Installation, after: Installation, marks: Marks) -> Node:
    building = after.building
    figures, words = [], []
    if building is not None:
        figures.append(_("main breaker %(current)s", current=amperes(building.breaker_a)))
        if building.available_a is not None:
            figures.append(
                _("all chargers together %(current)s", current=each_phase(building.available_a))
            )
        if not building.in_use:
            words.append(Word("removed", _("out of use")))
    mark = marks[Part.INSTALLATION, after.installation_id]
    return Node(
        id=MAIN,
        name=after.name,
        figures=", ".join(figures),
        words=tuple(words),
        mark=mark,
        mark_word=_word_of(mark),
        chargers=tuple(_leaves(MAIN, before, after, marks)),
        beneath=tuple(_node(it, before, after, marks) for it in after.beneath(MAIN)),
    )


def _node(
    circuit_id: CircuitId, before: Installation, after: Installation, marks: Marks
) -> Node:
    circuit = after.circuits[circuit_id]
    figures = amperes(circuit.breaker_a)
    if circuit.set_a != circuit.breaker_a:
        figures += ", " + _("set to %(current)s", current=amperes(circuit.set_a))
    words = []
    if not circuit.in_use:
        words.append(Word("removed", _("deactivated")))
    elif after.out_of_use(circuit_id):
        words.append(Word("removed", _("out of use")))
    mark = marks[Part.CIRCUIT, circuit_id]
    return Node(
        id=circuit_id,
        name=circuit.name,
        figures=figures,
        words=tuple(words),
        mark=mark,
        mark_word=_word_of(mark),
        chargers=tuple(_leaves(circuit_id, before, after, marks)),
        beneath=tuple(_node(it, before, after, marks) for it in after.beneath(circuit_id)),
    )


def _leaves(
    circuit_id: CircuitId, before: Installation, after: Installation, marks: Marks
) -> Iterator[Leaf]:
    for it in after.chargers_on(circuit_id):
        yield _leaf(it, after, marks[Part.CHARGER, it])
    for it in before.chargers_on(circuit_id):
        if it not in after.chargers:
            yield _leaf(it, before, Mark.GONE)


def _leaf(charger_id: ChargerId, state: Installation, mark: Mark) -> Leaf:
    charger = state.chargers[charger_id]
    figures = [
        " ".join(charger.wiring),
        _("up to %(current)s", current=amperes(charger.max_a)),
        _("fail-safe %(current)s", current=amperes(charger.fail_safe_a)),
    ]
    if charger.priority:
        figures.append(_("priority %(n)s", n=charger.priority))
    words = []
    if charger.locked is not None:
        what = (
            _("the installation")
            if charger.locked.circuit_id is None
            else state.circuit_name(charger.locked.circuit_id)
        )
        words.append(Word("locked", _("locked with %(what)s", what=what)))
    reported = state.reported.get(charger_id)
    if reported is not None and mark is not Mark.GONE:
        online = Word("ok", _("connected")), Word("offline", _("not connected"))
        words.append(online[0] if reported.online else online[1])
    return Leaf(
        id=charger_id,
        name=charger.name,
        serial=charger.serial,
        figures=", ".join(figures),
        words=tuple(words),
        mark=mark,
        mark_word=_word_of(mark),
    )


def _word_of(mark: Mark) -> str:
    return "" if mark is Mark.SAME else _(MARKS[mark])
