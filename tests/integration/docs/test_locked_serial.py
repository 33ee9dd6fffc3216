"""The tutorial of the locked serial, word by word: every command, and what it answers."""

import re
import shlex
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import services
from cli.stack import Stack
from tests.integration.cli.typed import typed
from tests.support.readme import ROOT
from tests.support.servers import scratch_folder

pytestmark = pytest.mark.integration

TUTORIAL = ROOT / "docs" / "tutorials" / "locked-serial.md"
PROMPT, LEFT_OUT = "$ ", "…"
READY_S_MAX = 90.0

DATE_AND_TIME = re.compile(
    r"\w+day, \d+ \w+ \d{4}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b\d\d:\d\d(:\d\d)?\b"
)
REFUSED = re.compile(r"^[A-Z][A-Za-z]+: ")
"""A refusal begins with its name, and the command exits with 1."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the tutorial, and the answer that its readers are promised."""

    command: list[str]
    answer: str


def steps(document: Path) -> list[Step]:
    """Read the ```console blocks; a command may go on in the line behind a backslash."""
    text = document.read_text(encoding="utf-8").replace("\\\n", "")
    blocks = re.findall(r"^```console\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return [step for block in blocks for step in _steps_of(block)]


def _steps_of(block: str) -> Iterator[Step]:
    assert block.startswith(PROMPT), block
    for part in f"\n{block}".split(f"\n{PROMPT}")[1:]:
        command, _, answer = part.partition("\n")
        yield Step(shlex.split(command), answer)


def essence(text: str) -> str:
    """Forget times, and where lines are broken and how far lines are drawn."""
    without_times = DATE_AND_TIME.sub("TIME", " ".join(text.split()))
    return re.sub("─+", "─", without_times)


def missing(promised: str, said: str) -> str | None:
    """Name the first promised part that was not said, in its order; what is left out may be anything."""
    rest = essence(said)
    for part in promised.split(LEFT_OUT):
        _, found, rest = rest.partition(essence(part)) if essence(part) else ("", "x", rest)
        if not found:
            return essence(part)
    return None


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
        assert step.command[0] == "ampledger", step.command
        answer = await typed(step.command[1:], environment)
        code, said = answer.code, answer.err + answer.out

        assert missing(step.answer, said) is None, f"{step.command} said:\n{said}"
        assert code == (1 if REFUSED.match(step.answer) else 0), step.command


def test_an_answer_that_differs_is_noticed() -> None:
    said = "ZAP1 is locked since 2026-11-22 14:05:55: circuit Level 2\nwas deactivated by kari."

    assert (
        missing("ZAP1 is locked since 2026-01-01 09:00:00: … deactivated by kari.", said)
        is None
    )
    assert missing("ZAP1 is locked … deactivated by per.", said) == "deactivated by per."
    assert missing("deactivated … locked", said) == "locked"  # in this order, it was not said
