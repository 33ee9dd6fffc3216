"""Probes: each asks for one thing, and an answer of no says why."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from cli.web import Reply, fetch
from shared.health import Health, HealthServer


class Probed:
    """The health of a process, and the server that tells it."""

    def __init__(self) -> None:
        self.health = Health()
        self.url = ""

    async def ask(self, path: str) -> Reply:
        return await fetch(f"{self.url}{path}")

    async def said(self, path: str) -> tuple[int, dict[str, bool | str]]:
        reply = await self.ask(path)
        return reply.status, json.loads(reply.body)


@pytest.fixture
async def probed() -> AsyncIterator[Probed]:
    it = Probed()
    async with await HealthServer(it.health, "portal").serve("127.0.0.1", 0) as server:
        it.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield it


async def test_a_service_is_ready_once_it_is_assembled_and_all_it_needs_answers(
    probed: Probed,
) -> None:
    answers: dict[str, bool | str] = {"database": "it does not answer"}
    probed.health.add("database", lambda: answers["database"])
    assert await probed.said("/health/start") == (503, {"started": False})

    probed.health.started = True
    assert await probed.said("/health/start") == (200, {"started": True})
    status, report = await probed.said("/health/ready")
    assert (status, report["database"]) == (503, "it does not answer")

    answers["database"] = True
    assert (await probed.ask("/health/ready")).status == 200


async def test_a_database_that_is_away_has_nobody_start_the_process_again(
    probed: Probed,
) -> None:
    probed.health.add("database", lambda: False)
    probed.health.pulse("follow", within_s=60)
    assert (await probed.ask("/health/live")).status == 200


async def test_whoever_only_waits_for_its_database_is_not_started_again_and_not_ready(
    probed: Probed,
) -> None:
    with probed.health.waiting():
        assert (await probed.ask("/health/start")).status == 200
        assert (await probed.ask("/health/live")).status == 200
        assert (await probed.ask("/health/ready")).status == 503
    assert (await probed.ask("/health/start")).status == 503


async def test_a_loop_that_hangs_is_not_live(probed: Probed) -> None:
    pulse = probed.health.pulse("follow", within_s=0.05)
    for _ in range(3):
        pulse.beat()
        assert (await probed.ask("/health/live")).status == 200
    pulse.beaten_s -= 60
    status, report = await probed.said("/health/live")
    assert status == 503
    assert "hung" in str(report["follow"])


async def test_a_loop_that_has_nothing_to_do_is_live_and_hangs_only_once_it_has(
    probed: Probed,
) -> None:
    idle = True
    pulse = probed.health.pulse("publisher", 60, lambda: idle)
    pulse.beaten_s -= 3600
    assert (await probed.ask("/health/live")).status == 200
    idle = False
    assert (await probed.ask("/health/live")).status == 200  # it has only just got something
    pulse.beaten_s -= 3600
    assert (await probed.ask("/health/live")).status == 503


async def test_whoever_has_been_asked_to_stop_is_not_ready_but_lives(probed: Probed) -> None:
    probed.health.started = probed.health.stopping = True
    assert (await probed.ask("/health/ready")).status == 503
    assert (await probed.ask("/health/live")).status == 200


async def test_figures_are_told_on_the_same_port(probed: Probed) -> None:
    reply = await probed.ask("/metrics")
    assert reply.status == 200
    assert b'ampledger_ready{component="portal"} ' in reply.body


@pytest.mark.parametrize("path", ["/", "/health", "/health/ready/", "/metrics/x"])
async def test_there_is_nothing_else(probed: Probed, path: str) -> None:
    assert (await probed.ask(path)).status == 404


async def test_nonsense_is_no_probe_and_stops_nobody(probed: Probed) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(probed.url[17:]))
    writer.write(b"\x16\x03\x01 not a request \r\n\r\n")
    assert b"404" in await reader.read()
    writer.write_eof()
    writer.close()
    assert (await probed.ask("/health/live")).status == 200
