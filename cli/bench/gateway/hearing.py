"""
What a reading costs: its validation, and its whole way from a socket to the jetstream.

Beside it, in the same run and told by the same chargers, a gateway as users of the `ocpp` package write it.
Every reading has to be in the jetstream once: figures of others would mean nothing.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ocpp.messages import Call, get_validator
from ocpp.v16.enums import Action

from cli.bench.gateway.collector import collecting
from cli.bench.gateway.crowds import Crowds, crowds, shared_out
from cli.bench.gateway.payloads import meter_values
from cli.bench.gateway.peer import STREAM as PEER_STREAM
from cli.bench.gateway.place import Service, gateway, serial
from cli.bench.gateway.stored import Found, answered, compare, count
from cli.bench.place import Place
from cli.figures import Figures, figure
from cli.ports import free_ports
from cli.stack import PROJECT
from services.telemetry.ocpp16 import OCPP_16

Say = Callable[[str], None]

CROWDS: Final = 2
ROUNDS: Final = 5
VALIDATED: Final = 2000
VALIDATED_PEER: Final = 300
WARM_UP_S: Final = 1.0
SETTLE_S: Final = 5.0
"""After which a gateway has told fresh chargers all that it wants of them."""
OPEN_AT_ONCE: Final = 20
READY_S_MAX: Final = 30.0


class ReadingsMiscounted(Exception):
    """What was answered and what is in the jetstream differ."""


def measure_validation() -> Figures:
    """Measure what the validation of a reading of typical size takes, ours and the peer's."""
    payload = meter_values(16.0, 1_234_567, 7)

    def ours() -> None:
        if OCPP_16.violation_of_request("MeterValues", payload) is not None:
            raise RuntimeError("a reading of the bench is not what OCPP says")

    call = Call("1", Action.meter_values, payload)  # type: ignore[no-untyped-call]
    validator = get_validator(call.message_type_id, call.action, "1.6")
    return {
        "validate_us": figure(
            _took_us(ours, VALIDATED), "us", "MeterValues of 8 values; aim 20"
        ),
        "validate_ocpp_us": figure(
            _took_us(lambda: validator.validate(payload), VALIDATED_PEER),
            "us",
            "the same by the ocpp package",
        ),
    }


def _took_us(act: Callable[[], None], times: int) -> float:
    """Processor time of the fastest of several rounds, of one time."""
    act()
    fastest_s = float("inf")
    for _ in range(ROUNDS):
        began_s = time.process_time()
        for _ in range(times):
            act()
        fastest_s = min(fastest_s, time.process_time() - began_s)
    return fastest_s / times * 1e6


async def measure_hearing(place: Place, say: Say, chargers: int, seconds: float) -> Figures:
    """
    Measure readings from the socket to the jetstream, by seconds of a core of the gateway.

    Args:
        place: the servers.
        say: told what is going on.
        chargers: how many tell them.
        seconds: how long each gateway is told readings.

    Raises:
        ReadingsMiscounted: a reading was lost, or came twice.
    """
    say("readings, from the socket to the jetstream")
    ours = await _ours(place, "hearing", chargers, seconds, {"TELEMETRY_KEEP_READINGS": "no"})
    say("the same, kept in the database by the same process")
    kept = await _ours(place, "keeping", chargers, seconds, {})
    traced, sampled = await _traced(place, say, chargers, seconds)
    say("the same, to a gateway of the ocpp package")
    async with _peer(place) as (peer, url):
        theirs = await _told(peer, url, chargers, seconds, commissioned=False)
        stored = await count(place.nats_url, PEER_STREAM)
    if stored != theirs.answered:
        raise ReadingsMiscounted(f"the peer answered {theirs.answered} and stored {stored}")
    said = f"{chargers} sockets, each tells the next when it was answered"
    return {
        "metervalues_per_core_s": figure(
            ours.per_core_s,
            "1/s",
            f"{said}; by processor time of the gateway, which leaves it to other processes to write "
            "them to the database as well; aim 4,000",
        ),
        "metervalues_vs_ocpp": figure(
            ours.per_core_s / theirs.per_core_s, "x", "aim 10, in this run"
        ),
        "metervalues_kept_per_core_s": figure(
            kept.per_core_s, "1/s", "one process does both, as on one machine"
        ),
        "ocpp_metervalues_per_core_s": figure(
            theirs.per_core_s, "1/s", "ocpp 2.1 on websockets, js.publish awaited"
        ),
        "traced_us_per_reading": figure(
            traced.us - ours.us, "us", "processor time more, where every reading is traced"
        ),
        "sampled_us_per_reading": figure(
            sampled.us - ours.us, "us", "the same, where one in a hundred is"
        ),
        "metervalues_per_s": figure(
            ours.per_s, "1/s", "with chargers and servers on the same machine"
        ),
    }


async def _traced(
    place: Place, say: Say, chargers: int, seconds: float
) -> tuple["_Told", "_Told"]:
    """Tell gateways readings of which all, and of which one in a hundred, are traced."""
    told: list[_Told] = []
    with collecting() as url:
        for name, share in (("traced", "1"), ("sampled", "0.01")):
            say(f"the same, with a share of {share} traced")
            environment = {
                "TELEMETRY_KEEP_READINGS": "no",
                "OTEL_EXPORTER_OTLP_ENDPOINT": url,
                "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                "OTEL_TRACES_SAMPLER_ARG": share,
            }
            told.append(await _ours(place, name, chargers, seconds, environment))
    return told[0], told[1]


async def _ours(
    place: Place, name: str, chargers: int, seconds: float, environment: Mapping[str, str]
) -> "_Told":
    """Tell our gateway readings, and see that each is there once."""
    async with gateway(
        place, name, chargers, commissioned=True, environment=environment
    ) as here:
        told = await _told(here.service, here.url, chargers, seconds, commissioned=True)
        found = await compare(here.nats_url, told.readings)
    if found != Found(lost=0, twice=0):
        raise ReadingsMiscounted(f"of {told.answered} readings: {found}")
    return told


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of the readings that a gateway was told."""

    readings: dict[str, list[int]]
    per_core_s: float
    per_s: float

    @property
    def us(self) -> float:
        """Processor time of a reading."""
        return 1e6 / self.per_core_s

    @property
    def answered(self) -> int:
        return sum(map(len, self.readings.values()))


async def _told(
    service: Service, url: str, chargers: int, seconds: float, *, commissioned: bool
) -> _Told:
    """Tell a gateway readings, each charger one after the other."""
    serials = [serial(it) for it in range(chargers)]
    shares = shared_out(serials, CROWDS)
    async with crowds(CROWDS) as them:
        how = {"gateway": url, "at_once": OPEN_AT_ONCE, "host": "127.0.0.1"}
        await them.tell_each(
            "come", [{**how, "serials": it, "commissioned": commissioned} for it in shares]
        )
        await asyncio.sleep(SETTLE_S)
        await them.tell("read", seconds=WARM_UP_S)
        before, began_s = await _counted(them), service.cpu_s()
        took = await them.tell("read", seconds=seconds)
        used_s = service.cpu_s() - began_s
        readings = answered(await them.tell("acknowledged"))
    told = sum(map(len, readings.values())) - before
    return _Told(readings, told / used_s, told / max(it["took_s"] for it in took))


async def _counted(them: Crowds) -> int:
    return sum(map(len, answered(await them.tell("acknowledged")).values()))


@contextlib.asynccontextmanager
async def _peer(place: Place) -> AsyncIterator[tuple[Service, str]]:
    """Run the gateway of the `ocpp` package."""
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli.bench.gateway.peer", str(port)),
        cwd=PROJECT,
        env={**os.environ, "NATS_URL": place.nats_url},
        stdout=asyncio.subprocess.PIPE,
    )
    service = Service("cli.bench.gateway.peer", {}, 0, process)
    try:
        async with asyncio.timeout(READY_S_MAX):
            if process.stdout is None or not await process.stdout.readline():
                raise RuntimeError("the gateway of the ocpp package does not start")
        yield service, f"ws://127.0.0.1:{port}"
    finally:
        await service.stop()
