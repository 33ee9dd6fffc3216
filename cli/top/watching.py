"""`ampledger top`: one look after another."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer
from rich.live import Live

from cli.accounts import server_account
from cli.data_folder import default_folder
from cli.run_file import read_run
from cli.support.output import FINDING, Json, console, fail, print_json, run
from cli.top.nearest import BreakerRow, hearing
from cli.top.reckoning import Picture, picture, row
from cli.top.showing import shown
from cli.top.targets import Target, look_at, targets_at, targets_in

BREAKERS_SHOWN: Final = 8


def show_top(
    every_s: Annotated[
        float, typer.Option(min=0.5, max=60.0, help="Seconds between two looks.")
    ] = 2.0,
    url: Annotated[
        list[str] | None,
        typer.Option(
            help="Where a process tells its figures, such as http://gateway:9000; may be "
            "given several times, instead of a data folder."
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    told_json: Json = False,
    data_folder: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
) -> None:
    """
    Show what a running stack does: processes, chargers, readings, limits, and breakers near their limit.

    It goes on until Ctrl-C; `--once` and `--json` look twice, so many seconds apart, and end. Exit code 1
    if nothing runs there, or a process does not answer.
    """
    folder = data_folder or default_folder(Path.cwd(), server_account())
    targets = targets_at(url) if url else targets_in(folder)
    if not targets:
        fail(f"nothing runs in {folder}; start it with: ampledger up", FINDING)
    nats = os.environ.get("NATS_URL") or (
        None if url else ((read_run(folder) or {}).get("urls") or {}).get("nats")
    )
    if once or told_json:
        _show_once(targets, nats, every_s, told_json=told_json)
    else:
        run(_keep_showing(targets, nats, every_s))


def _show_once(
    targets: list[Target], nats: str | None, every_s: float, *, told_json: bool
) -> None:
    async def first() -> tuple[Picture, list[BreakerRow]]:
        async for it in _pictures(targets, nats, every_s):
            return it
        raise AssertionError("one look after another, for ever")

    found, nearest = run(first())
    if told_json:
        breakers = [asdict(it) | {"load_ratio": it.load_ratio} for it in nearest]
        print_json(asdict(found) | {"breakers_nearest": breakers})
    else:
        console().print(shown(found, nearest))
    if not all(it.answers for it in found.processes):
        raise typer.Exit(FINDING)


async def _keep_showing(targets: list[Target], nats: str | None, every_s: float) -> None:
    with Live(console=console(), screen=True, auto_refresh=False) as live:
        async for found, nearest in _pictures(targets, nats, every_s):
            live.update(shown(found, nearest), refresh=True)


async def _pictures(
    targets: list[Target], nats: str | None, every_s: float
) -> AsyncIterator[tuple[Picture, list[BreakerRow]]]:
    async with hearing(nats) as nearest, httpx.AsyncClient() as client:
        before, before_s = await look_at(client, targets), time.monotonic()
        while True:
            await asyncio.sleep(every_s)
            after, after_s = await look_at(client, targets), time.monotonic()
            over_s = after_s - before_s
            rows = [
                row(target.name, target.restarts, earlier, later, over_s)
                for target, earlier, later in zip(targets, before, after, strict=True)
            ]
            looks = [
                (later if earlier is None else earlier, later)
                for earlier, later in zip(before, after, strict=True)
                if later is not None
            ]
            yield picture(rows, looks, over_s), nearest.rows(BREAKERS_SHOWN)
            before, before_s = after, after_s
