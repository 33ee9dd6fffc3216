"""From a charger's reading to the limit at another charger's socket, at rising load."""

from collections.abc import Callable, Sequence
from typing import Final

from cli.bench.gateway.crowds import crowds, shared_out
from cli.bench.gateway.place import gateway
from cli.bench.place import Place
from cli.bench.rates import quantile
from cli.figures import Figures, figure

Say = Callable[[str], None]

LOADS: Final = (100, 500, 1000)
"""How many chargers, all with cars."""
CROWDS: Final = 1
"""One process: it sees both the reading and the limit, by one clock."""
GARAGE_OF: Final = 5
BREAKER_A: Final = 80
SWING_A: Final = 8.0
EVERY_S: Final = 10.0
SETTLE_S: Final = 12.0
SWUNG_S: Final = 20.0
OPEN_AT_ONCE: Final = 32


async def measure_telling(
    place: Place, say: Say, loads: Sequence[int] = LOADS, seconds: float = SWUNG_S
) -> Figures:
    """
    Measure at one load after the other; the figures are those of the last one.

    Args:
        place: the servers.
        say: told what is going on.
        loads: how many chargers tell a reading every ten seconds.
        seconds: how long each load is measured.
    """
    figures: Figures = {}
    async with (
        gateway(
            place,
            "telling",
            max(loads),
            garage_of=GARAGE_OF,
            breaker_a=BREAKER_A,
            commissioned=True,
            balanced=True,
        ) as here,
        crowds(CROWDS) as them,
    ):
        present = 0
        for load in loads:
            say(f"limits for {load} chargers, each read every {EVERY_S:g} s")
            fresh = here.serials[present:load]
            present = load
            await them.tell_each(
                "come",
                [
                    {
                        "gateway": here.url,
                        "serials": share,
                        "at_once": OPEN_AT_ONCE,
                        "host": "127.0.0.1",
                        "commissioned": True,
                    }
                    for share in shared_out(fresh, CROWDS, GARAGE_OF)
                ],
            )
            await them.tell("begin")
            services = (here.service, *here.others.values())
            began_s = [it.cpu_s() for it in services]
            (told,) = await them.tell(
                "swing",
                garage_of=GARAGE_OF,
                swing_a=SWING_A,
                every_s=EVERY_S,
                settle_s=SETTLE_S,
                seconds=seconds,
            )
            used_s = [it.cpu_s() - began for it, began in zip(services, began_s, strict=True)]
            shares = [it / (SETTLE_S + seconds) for it in used_s]
            figures |= _figures(load, told["took_ms"], told["missed"], shares)
    last = loads[-1]
    return figures | {
        f"reading_to_limit_p{it}_ms": figures[f"reading_to_limit_{last}_p{it}_ms"]
        for it in (50, 99)
    }


def _figures(
    load: int, took_ms: Sequence[float], missed: int, shares: Sequence[float]
) -> Figures:
    cores = ", ".join(f"{it:.2f}" for it in shares)
    said = (
        f"{load} chargers, garages of {GARAGE_OF}, a reading per {EVERY_S:g} s: {len(took_ms)} steps, "
        f"{missed} without a limit; gateway and balancer took {cores} of a core"
    )
    return {
        f"reading_to_limit_{load}_p{it}_ms": figure(
            quantile(took_ms, it) if took_ms and not missed else None, "ms", said
        )
        for it in (50, 99)
    }
