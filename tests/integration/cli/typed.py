"""Commands as somebody types them, run in a thread of this process: Python starts only once."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from cli.app import REFUSED, app
from cli.setting_up import CommandRefused

COMMAND_S_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a command has answered."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


async def typed(
    words: Sequence[str], environment: Mapping[str, str | None], paste: str = ""
) -> Said:
    """
    Type `ampledger` and words.

    Args:
        words: what follows `ampledger`.
        environment: changes to ours; none unsets.
        paste: what comes in on standard input.
    """

    def run() -> Said:
        ended = CliRunner().invoke(app, list(words), input=paste, env=environment)
        if isinstance(ended.exception, CommandRefused):  # main() says it so
            return Said(REFUSED, ended.stdout, f"{ended.exception}\n")
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Said(ended.exit_code, ended.stdout, ended.stderr)

    async with asyncio.timeout(COMMAND_S_MAX):
        return await asyncio.to_thread(run)
