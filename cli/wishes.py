"""
What somebody on this machine wishes of a running stack, over a socket in its data folder.

    run/wishes      one line of JSON each way: {"restart": NAME, "within_s": S}; {} or {"fault": WHY}

Only the owner of the folder may connect: file modes say so. One wish is carried out at a time.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from cli.supervisor import NotReadyAgain

SOCKET: Final = "wishes"
LINE_S_MAX: Final = 5.0
ONE_AT_A_TIME: Final = (
    "somebody else restarts processes here at present; wait until they are done"
)

Restart = Callable[[str, float], Awaitable[None]]

log = structlog.get_logger()


class WishRefused(Exception):
    """A running stack did not do what was wished; the text says why."""


async def take_wishes(folder: Path, restart: Restart) -> None:
    """
    Carry out wishes, for ever.

    Args:
        folder: what belongs to the present run.
        restart: has a process run anew, and is ready after at most so many seconds.
    """
    turn = asyncio.Lock()

    async def on_wish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(LINE_S_MAX):
                line = await reader.readline()
            fault = await _carried_out(line, restart, turn)
            writer.write(orjson.dumps({} if fault is None else {"fault": fault}) + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError) as error:
            log.info("wish went away", error=repr(error))
        finally:
            writer.close()

    async with _near(folder) as place:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place)  # noqa: PTH108  # one that was left behind by a kill
        server = await asyncio.start_unix_server(on_wish, place)
        os.chmod(place, 0o600)  # noqa: PTH101
        async with server:
            await server.serve_forever()


async def _carried_out(line: bytes, restart: Restart, turn: asyncio.Lock) -> str | None:
    try:
        wish = orjson.loads(line)
        name, within_s = str(wish["restart"]), float(wish["within_s"])
    except (ValueError, KeyError, TypeError) as error:
        return f"this wish cannot be read ({error!r}): the stack may be of another version"
    if turn.locked():
        return ONE_AT_A_TIME
    async with turn:
        try:
            await restart(name, within_s)
        except KeyError:
            return f"nothing runs here under the name {name}"
        except NotReadyAgain as fault:
            return str(fault)
    return None


async def wish_restart(folder: Path, name: str, within_s: float, answer_s_max: float) -> None:
    """
    Have a running stack restart a process, and wait until it is ready.

    Args:
        folder: what belongs to the present run.
        name: of the process.
        within_s: how long it may take to be ready.
        answer_s_max: how long the whole may take.

    Raises:
        WishRefused: it was not done; the text says why.
        OSError: the stack cannot be reached.
    """
    async with _near(folder) as place:
        reader, writer = await asyncio.open_unix_connection(place)
    try:
        writer.write(orjson.dumps({"restart": name, "within_s": within_s}) + b"\n")
        async with asyncio.timeout(answer_s_max):
            answer: dict[str, Any] = orjson.loads(await reader.readline() or b"{}\n")
    except TimeoutError as error:
        raise WishRefused(f"{name} is not back after {answer_s_max:g} s") from error
    finally:
        writer.close()
    if "fault" in answer:
        raise WishRefused(answer["fault"])


@contextlib.asynccontextmanager
async def _near(folder: Path) -> AsyncIterator[str]:
    """Spell the socket's place in a few bytes: its own path may be longer than the 108 bytes of unix(7)."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{fd}/{SOCKET}"
    finally:
        os.close(fd)
