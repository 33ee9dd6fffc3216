"""All that is measured of the gateway, one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cli.bench.gateway.hearing import measure_hearing, measure_validation
from cli.bench.gateway.holding import measure_holding
from cli.bench.gateway.storming import measure_storm
from cli.bench.gateway.telling import LOADS, SWUNG_S, measure_telling
from cli.bench.place import bench_place
from cli.figures import Figures

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    hearing: int = 200
    seconds: float = 6.0
    sockets: int = 10_000
    storm: int = 2_000
    loads: Sequence[int] = LOADS
    swung_s: float = SWUNG_S


QUICK = Sizes(hearing=20, seconds=1.0, sockets=50, storm=20, loads=(10,), swung_s=20.0)
"""Whether it works; the figures say nothing."""


async def measure_telemetry(sizes: Sizes, say: Say, found: Callable[[Figures], None]) -> None:
    """
    Measure everything.

    Args:
        sizes: how much.
        say: told what is going on.
        found: told figures as they come.
    """
    say("validating readings")
    found(measure_validation())
    async with bench_place() as place:
        found(await measure_hearing(place, say, sizes.hearing, sizes.seconds))
        found(await measure_holding(place, say, sizes.sockets))
        found(await measure_storm(place, say, sizes.storm))
        if sizes.loads:
            found(await measure_telling(place, say, sizes.loads, sizes.swung_s))
