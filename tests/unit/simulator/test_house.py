"""The rest of a building: load beside the cars, and the meter that shows both."""

import asyncio
import json
from datetime import UTC, datetime
from random import Random

import pytest
from structlog.testing import capture_logs

from shared.phases import GridType
from simulator.garage import Garage
from simulator.grid import Grid
from simulator.house import LEAST_SHARE, RISE_SHARE_MAX, House
from simulator.meter import EVERY_S, push_for_ever
from simulator.scene import Scene

NOW = datetime(2026, 11, 27, 16, tzinfo=UTC)


def test_a_house_steps_and_stays_within_what_it_may_draw() -> None:
    house = House(30.0, 3, Random(1))  # noqa: S311  # a model of chance
    before, seen = list(house.load_a), set()
    for _ in range(2000):
        after = list(house.step(1.0))
        assert all(30 * LEAST_SHARE <= a <= 30 for a in after)
        assert all(
            b - a <= 30 * RISE_SHARE_MAX + 1e-9 for a, b in zip(before, after, strict=True)
        )
        seen.add(tuple(after))
        before = after

    assert len(seen) > 50


def test_what_flows_beside_the_cars_flows_through_the_main_breaker() -> None:
    def main_a(grid: GridType) -> tuple[float, ...]:
        tree = Grid(grid, (0, 0), (), ())
        carried = tree.carried([], (10.0, 0.0, 0.0)[: tree.lines])
        assert not any(carried[1])
        return carried[0]

    assert main_a(GridType.TN_3_PHASE) == (10, 0, 0)
    assert main_a(GridType.TN_1_PHASE) == (10,)
    assert main_a(GridType.IT_3_PHASE) == (10, 10, 0)


def test_a_meter_at_the_main_breaker_shows_the_house_without_any_car() -> None:
    scene = Scene.model_validate(
        {
            "grid_type": "TN_3_PHASE",
            "breaker_a": 100,
            "house_a": 30,
            "chargers": [{"charger_id": "bay-1", "serial": "ZAP000001"}],
        }
    )
    garage = Garage(scene, [], 1.0)
    garage.step(NOW.timestamp(), 0.1)

    assert list(garage.main_a()) == pytest.approx([3.0, 3.0, 3.0])
    without = Garage(scene.model_copy(update={"house_a": None}), [], 1.0)
    without.step(NOW.timestamp(), 0.1)
    assert list(without.main_a()) == [0, 0, 0]


async def test_a_meter_pushes_what_it_shows_and_tells_when_that_is_refused() -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    thrice = asyncio.Event()
    answers = iter(
        [b"HTTP/1.1 202 Accepted\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n\r\nno meter"]
    )

    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        heard.put_nowait(head.split()[1] + b" " + await reader.readexactly(length))
        if heard.qsize() > 2:
            thrice.set()
        writer.write(next(answers, b"HTTP/1.1 202 Accepted\r\n\r\n"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(door, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/meters/garage/house"
    with capture_logs() as told:
        pushing = asyncio.create_task(
            push_for_ever(url, lambda: (1.234, 5.0, 6.0), lambda: NOW)
        )
        async with asyncio.timeout(30 * EVERY_S):
            await thrice.wait()
    pushing.cancel()
    await asyncio.gather(pushing, return_exceptions=True)
    server.close()

    path, _, body = heard.get_nowait().partition(b" ")
    assert path == b"/meters/garage/house"
    assert json.loads(body) == {"measured_at": NOW.isoformat(), "current_a": [1.23, 5.0, 6.0]}
    # On a machine that is held up, a push may also be late, and that is told as well.
    assert "no meter" in next(it["answer"] for it in told if "answer" in it)
