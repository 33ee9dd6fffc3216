"""Tutorials, as tests run them: every command, and the answer that its readers are promised."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.integration.cli.typed import Said, typed

PROMPT, LEFT_OUT = "$ ", "…"
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


async def follow(step: Step, environment: dict[str, str]) -> Said:
    """Type a command of a tutorial; it answers as promised, and exits as its answer says."""
    assert step.command[0] == "ampledger", step.command
    answer = await typed(step.command[1:], environment)
    said = answer.err + answer.out
    assert missing(step.answer, said) is None, f"{step.command} said:\n{said}"
    assert answer.code == (1 if REFUSED.match(step.answer) else 0), step.command
    return answer
