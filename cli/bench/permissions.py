"""What is measured about who may do what: every cell, every route, and how soon a revocation counts."""

import statistics
from collections.abc import Callable
from typing import Final

from rich.table import Table

from cli.bench.authorizing import measure_authorizing
from cli.bench.cells import ROWS, Column
from cli.bench.coverage import uncovered
from cli.bench.place import bench_place
from cli.bench.revocation import revocations_s
from cli.bench.tenants import tenants
from cli.bench.walk import as_table, differences, walk
from cli.figures import Figures, figure

PERCENT: Final = 99


async def measure_permissions(
    repetitions: int,
    seconds: float,
    say: Callable[[str], None],
    show: Callable[[Table | str], None],
) -> Figures:
    """
    Walk every cell over the real API, take a role away again and again, and ask about cards.

    Args:
        repetitions: how often.
        seconds: for how long cards are asked about.
        say: told what is going on.
        show: given the table as it was found, and what differs from the one of the design.

    Raises:
        StackFault, NotSetUp: nothing could be measured.
        NeverRefused: a role that was taken away went on counting.
    """
    say("starting everything, and signing people in")
    async with tenants() as place:
        say("walking every cell")
        cells = await walk(place.people, place.show_card)
        show(as_table(cells))
        for difference in differences(cells):
            show(difference)
        say(f"taking a role away {repetitions} times")
        revoked_s = await revocations_s(place, repetitions)
    async with bench_place() as servers:
        authorizing = await measure_authorizing(servers, say, seconds)
    wrong = sum(not it.right for it in cells)
    size = f"{len(ROWS)} rows by {len(Column)} people, over HTTP"
    return {
        "cells_walked": figure(len(cells), "1", size),
        "cells_wrong": figure(wrong, "1", "cells that differ from the table; aim: 0"),
        "routes_uncovered": figure(
            len(uncovered()), "1", "routes of pages and API without a rule; aim: 0"
        ),
        "revocation_p99_s": figure(
            _p99(revoked_s),
            "s",
            "answer to RevokeRole to the first refusal, at the API and at the installation "
            f"service's own door, {len(revoked_s)} times; aim: below 1",
        ),
        **authorizing,
    }


def _p99(values: list[float]) -> float:
    """
    Name the value that 99 of a hundred do not exceed.

    >>> _p99([0.1, 0.2])
    0.199
    """
    ranked = statistics.quantiles(values, n=100, method="inclusive")
    return round(ranked[PERCENT - 1], 6)
