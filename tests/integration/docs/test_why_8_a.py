"""The tutorial that explains a limit, word by word, with four simulated chargers."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import TELEMETRY, services
from cli.stack import Stack
from tests.integration.cli.typed import typed
from tests.integration.telemetry.simulated import living, plug_a_car
from tests.support.readme import ROOT
from tests.support.servers import scratch_folder
from tests.support.tutorial import Step, essence, follow, missing, steps
from tests.support.waiting import until

pytestmark = pytest.mark.integration

TUTORIAL = ROOT / "docs" / "tutorials" / "why-8-a.md"
SERIALS = [f"ZAP{number:06}" for number in range(9, 13)]
READY_S_MAX = 90.0
WITHIN_S = 120.0
SENSELESS = 2


@pytest_asyncio.fixture(loop_scope="session")
async def stack() -> AsyncIterator[Stack]:
    """Everything runs, as after `ampledger up`; chargers say often what they measure."""
    with scratch_folder() as folder:
        options = StackOptions(
            folder / "data", postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        told = {TELEMETRY: {"TELEMETRY_SAMPLE_INTERVAL_S": "2"}}
        async with Stack(options, services(*free_ports(2), told)) as running:
            assert await running.wait_services_ready(READY_S_MAX) == []
            yield running


def questions(story: list[Step]) -> list[int]:
    """Find the steps that ask why."""
    return [i for i, step in enumerate(story) if step.command[1] == "explain"]


async def test_every_command_of_the_tutorial_answers_as_it_says(stack: Stack) -> None:
    story = steps(TUTORIAL)
    environment = {
        "NATS_URL": stack.urls["nats"],
        "DATABASE_URL": stack.urls["database"],
        "COLUMNS": "100",
    }
    never_connected, shared, limited, *senseless = questions(story)
    assert len(senseless) == 2

    async def explained() -> list[dict[str, Any]]:
        answers = [await typed(["explain", it, "--json"], environment) for it in SERIALS]
        return [it.json() for it in answers]

    def has(limit_a: float) -> Any:
        def settled(found: list[dict[str, Any]]) -> bool:
            return all(
                it["limit_a"] == limit_a and it["pending"] is None and it["reading"] is not None
                for it in found
            )

        return settled

    for step in story[: never_connected + 1]:
        await follow(step, environment)
    async with contextlib.AsyncExitStack() as cars:
        # What the chargers of this process log would stand among what a command answers.
        cars.enter_context(capture_logs())
        for serial in SERIALS:
            charger = await cars.enter_async_context(living(stack.urls[TELEMETRY], serial))
            plug_a_car(charger)
        await until(explained, has(8.0), WITHIN_S)
        for step in story[shared:limited]:
            await follow(step, environment)
        await until(explained, has(6.0), WITHIN_S)
        await follow(story[limited], environment)
    for number in senseless:
        step = story[number]
        said = await typed(step.command[1:], environment)
        assert said.code == SENSELESS
        assert missing(step.answer, said.err) is None, essence(said.err)
