"""Subscribers in tests: `ampledger subscriber` as a program, and what the server tells a stranger."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import nats
from nats.aio.client import Client

from tests.support.readme import BIN, ROOT
from tests.support.waiting import until

COMMAND_S_MAX = 60.0


async def ampledger(
    *words: str, data: Path | None = None, nats_url: str | None = None
) -> tuple[int, str]:
    """Run `ampledger`; returns its exit code and all it said."""
    ours = {it: v for it, v in os.environ.items() if it not in {"NATS_URL", "DATABASE_URL"}}
    process = await asyncio.create_subprocess_exec(
        BIN / "ampledger",
        *words,
        *([] if data is None else [f"--data-folder={data}"]),
        cwd=ROOT,
        env=ours | ({"NATS_URL": nats_url} if nats_url else {}) | {"COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(COMMAND_S_MAX):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def added(data: Path, name: str, *kinds: str) -> str:
    """Add a subscriber to a running stack; returns its address with its credentials."""
    events = [f"--events={','.join(kinds)}"] if kinds else []
    code, said = await ampledger("subscriber", "add", name, *events, data=data)
    assert code == 0, said
    found = re.search(r"nats://\S+", said)
    assert found is not None, said
    return found[0]


@dataclass(slots=True)
class Stranger:
    """Somebody signed in with credentials of its own; `told` is what the server complained of."""

    client: Client
    told: list[str] = field(default_factory=list)

    async def refused(self, verb: str, subject: str) -> bool:
        """Wait for the server's word that something is not permitted."""
        wanted = f'permissions violation for {verb} to "{subject}"'.lower()

        async def heard() -> list[str]:
            return [it for it in self.told if wanted in it.lower()]

        return bool(await until(heard, bool))


@contextlib.asynccontextmanager
async def stranger(nats_url: str) -> AsyncIterator[Stranger]:
    """Sign in as a subscriber would."""
    told: list[str] = []

    async def on_error(error: Exception) -> None:
        told.append(str(error))

    client = await nats.connect(nats_url, error_cb=on_error, max_reconnect_attempts=-1)
    try:
        yield Stranger(client, told)
    finally:
        await client.close()
