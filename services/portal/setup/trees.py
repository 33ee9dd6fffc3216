"""Circuits as forms need them: what can be beneath what, what stands on what, and what is in the way."""

from collections.abc import Iterator, Sequence

from services.portal.breaker_view import below, breakers_of
from services.portal.documents import Charger, Circuit, Layout
from shared.ids import CircuitId
from shared.messages.balancer import MAIN
from shared.speech import _
from shared.units import exceeds

Place = tuple[CircuitId, str]
"""Somewhere a circuit or a charger can be put: its id, and what it is called in a list."""


def beneath(layout: Layout, circuit_id: CircuitId) -> frozenset[CircuitId]:
    """Name a circuit and all beneath it."""
    return frozenset(below(circuit_id, breakers_of(layout)))


def in_order(layout: Layout) -> Iterator[tuple[int, Circuit]]:
    """Go through all circuits as the tree shows them, each with how deep it lies."""

    def under(parent_id: CircuitId, depth: int) -> Iterator[tuple[int, Circuit]]:
        for it in layout.circuits:
            if (it.parent_id or MAIN) == parent_id:
                yield depth, it
                yield from under(it.circuit_id, depth + 1)

    yield from under(MAIN, 1)


def parents_for(
    layout: Layout, circuit_id: CircuitId | None = None, breaker_a: float | None = None
) -> list[Place]:
    """
    Name where a circuit can hang: the main breaker, and every circuit that is in use.

    Args:
        layout: the installation.
        circuit_id: which circuit; none: a new one.
        breaker_a: its rating; what is smaller is left out.
    """
    within = frozenset() if circuit_id is None else beneath(layout, circuit_id)
    small = breaker_a or 0.0
    main = (MAIN, _("Main breaker (%(a)g A)", a=layout.breaker_a))
    return [
        main,
        *(
            (it.circuit_id, _listed(depth, it))
            for depth, it in in_order(layout)
            if it.circuit_id not in within
            and layout.in_use(it.circuit_id)
            and not exceeds(small, it.breaker_a)
        ),
    ]


def circuits_for_chargers(
    layout: Layout, without: frozenset[CircuitId] = frozenset()
) -> list[Place]:
    """Name the circuits in use on which a charger can stand, some left out."""
    return [
        (it.circuit_id, _listed(depth, it))
        for depth, it in in_order(layout)
        if it.circuit_id not in without and layout.in_use(it.circuit_id)
    ]


def _listed(depth: int, circuit: Circuit) -> str:
    return "\N{NO-BREAK SPACE}" * 3 * (depth - 1) + f"{circuit.name} ({circuit.set_a:g} A)"


def in_the_way(layout: Layout, circuit_id: CircuitId) -> list[Charger]:
    """Name the chargers that stand on a circuit or beneath it and are not locked."""
    those = beneath(layout, circuit_id)
    return [it for it in layout.chargers if it.circuit_id in those and it.lock is None]


def way_to(layout: Layout, circuit_id: CircuitId) -> Sequence[Circuit]:
    """Name a circuit and those above it, the highest first."""
    found = (layout.circuit(it) for it in layout.path(circuit_id))
    return [it for it in found if it is not None][::-1]


def whole(layout: Layout) -> Circuit:
    """Speak of a whole installation as of a circuit: that of its main breaker."""
    return Circuit(
        circuit_id=MAIN,
        parent_id=None,
        name=layout.name,
        breaker_a=layout.breaker_a,
        set_a=layout.breaker_a,
        deactivated=layout.deactivated,
    )
