"""
Chargers that have knocked and stand nowhere yet: which they are, where they may belong, and taking them in.

A charger that is plugged in before anybody has entered it knocks with its serial number and is turned away.
Chargers of one building mostly share one network address, so whoever knocks from where others are
connected is likely to belong to them.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.table import Table

from cli.layout.rehearsal import World, world_of
from cli.services import INSTALLATION, TELEMETRY
from cli.support.output import console, print_json
from cli.support.places import place_of
from cli.support.reading import open_logs, recorded_of
from shared.ids import CircuitId, InstallationId, Serial
from shared.messages.telemetry import ChargerConnected, ChargerRefused
from shared.recorded import Recorded

NOWHERE: Final = "anywhere: it knocks from where no charger is connected"

Where = tuple[InstallationId, CircuitId]


@dataclass(frozen=True, slots=True)
class Knock:
    """A serial number that stands nowhere, and where it may belong."""

    serial: Serial
    knocked_at: datetime
    remote: str
    reason: str
    neighbours: Mapping[Where, int]
    """How many chargers are connected from the same address, by their circuits."""

    @property
    def installation_id(self) -> InstallationId | None:
        """Where all of its neighbours stand; none if they do not stand together, or there are none."""
        return _only(installation for installation, _ in self.neighbours)

    def circuit_id(self, installation_id: InstallationId) -> CircuitId | None:
        """Name the one circuit of an installation on which its neighbours stand; none if there are more."""
        return _only(circuit for place, circuit in self.neighbours if place == installation_id)


def _only(names: Iterable[str]) -> str | None:
    different = set(names)
    return different.pop() if len(different) == 1 else None


def knocks_of(
    refused: Iterable[Recorded], connected: Iterable[Recorded], world: World
) -> list[Knock]:
    """
    Find who knocks and stands nowhere, the newest first.

    Args:
        refused: the newest `ChargerRefused` of every serial number.
        connected: the newest `ChargerConnected` of every charger.
        world: where every charger stands.
    """
    standing = {
        charger.serial: (state.installation_id, charger.circuit_id)
        for state in world.states.values()
        for charger in state.chargers.values()
    }
    neighbours: dict[str, Counter[Where]] = {}
    for it in connected:
        event = it.event
        if isinstance(event, ChargerConnected) and event.remote and event.serial in standing:
            neighbours.setdefault(event.remote, Counter())[standing[event.serial]] += 1
    found = [
        Knock(
            event.serial,
            it.recorded_at,
            event.remote,
            event.reason,
            neighbours.get(event.remote, Counter()),
        )
        for it in refused
        if isinstance(event := it.event, ChargerRefused) and event.serial not in standing
    ]
    return sorted(found, key=lambda it: it.knocked_at, reverse=True)


def find_knocks(data_folder: Path | None) -> list[Knock]:
    """
    Read from the logs who knocks.

    Raises:
        ServiceUnavailable: they cannot be read.
    """
    return asyncio.run(_find(data_folder))


async def _find(data_folder: Path | None) -> list[Knock]:
    async with open_logs(place_of(data_folder)) as logs:
        layouts = [recorded_of(it) async for page in logs.pages(INSTALLATION) for it in page]
        refused = await logs.newest(TELEMETRY, ChargerRefused.__name__)
        connected = await logs.newest(TELEMETRY, ChargerConnected.__name__)
    return knocks_of(refused, connected, world_of(layouts))


def show_knocks(knocks: list[Knock], *, as_json: bool) -> None:
    """Say who knocks, and where it may belong."""
    if as_json:
        print_json([_as_json(it) for it in knocks])
        return
    if not knocks:
        console().print("nobody knocks who stands nowhere")
        return
    table = Table("serial", "knocked last", "from", "may belong to", "why refused")
    for it in knocks:
        when = it.knocked_at.strftime("%Y-%m-%d %H:%M:%S %Z")
        table.add_row(it.serial, when, it.remote, _belongs(it), it.reason)
    console().print(table)


def _belongs(knock: Knock) -> str:
    if not knock.neighbours:
        return NOWHERE
    return ", ".join(
        f"{installation} / {circuit} ({count} connected from there)"
        for (installation, circuit), count in sorted(knock.neighbours.items())
    )


def _as_json(knock: Knock) -> dict[str, object]:
    return {
        "serial": knock.serial,
        "knocked_at": knock.knocked_at.isoformat(),
        "remote": knock.remote,
        "reason": knock.reason,
        "neighbours": [
            {"installation_id": installation, "circuit_id": circuit, "chargers": count}
            for (installation, circuit), count in sorted(knock.neighbours.items())
        ],
    }
