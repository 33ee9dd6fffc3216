"""The tutorial of the locked serial, word by word: every command, and what it answers."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import services
from cli.stack import Stack
from tests.support.readme import ROOT
from tests.support.servers import scratch_folder
from tests.support.tutorial import follow, missing, steps

pytestmark = pytest.mark.integration

TUTORIAL = ROOT / "docs" / "tutorials" / "locked-serial.md"
READY_S_MAX = 90.0


@pytest_asyncio.fixture(loop_scope="session")
async def environment() -> AsyncIterator[dict[str, str]]:
    """Everything runs, as after `ampledger up`, and the commands of the tutorial reach it."""
    with scratch_folder() as folder:
        options = StackOptions(
            folder / "data", postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        async with Stack(options, services(*free_ports(2))) as stack:
            assert await stack.wait_services_ready(READY_S_MAX) == []
            reached = {"NATS_URL": stack.urls["nats"], "DATABASE_URL": stack.urls["database"]}
            yield {**reached, "COLUMNS": "96"}


async def test_every_command_of_the_tutorial_answers_as_it_says(
    environment: dict[str, str],
) -> None:
    story = steps(TUTORIAL)
    assert len(story) >= 20
    for step in story:
        await follow(step, environment)


def test_an_answer_that_differs_is_noticed() -> None:
    said = "ZAP1 is locked since 2026-11-22 14:05:55: circuit Level 2\nwas deactivated by kari."

    assert (
        missing("ZAP1 is locked since 2026-01-01 09:00:00: … deactivated by kari.", said)
        is None
    )
    assert missing("ZAP1 is locked … deactivated by per.", said) == "deactivated by per."
    assert missing("deactivated … locked", said) == "locked"  # in this order, it was not said
