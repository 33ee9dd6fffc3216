"""Deactivating what still has chargers: they are listed, with the three ways on as they are typed."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from cli.layout.carrying_out import carry_out
from cli.layout.options import Manner
from cli.layout.places import installation_log
from cli.layout.portrait import layouts_of
from cli.layout.telling import Outcome, complain, draw, say
from services.portal.documents import Charger, Layout
from shared.messages.balancer import MAIN
from shared.messages.installation_commands import DeactivateCircuit, DeactivateInstallation
from shared.messaging import ServiceUnavailable

IN_USE: Final = frozenset({"CircuitInUse", "InstallationInUse"})

Deactivate = DeactivateCircuit | DeactivateInstallation


def deactivate(command: Deactivate, manner: Manner) -> None:
    """
    Carry out a deactivation; when chargers are in the way, list them and say how to go on.

    Raises:
        Exit: it was refused, and that has been said.
        ServiceUnavailable: nobody answers.
    """

    def on_refusal(outcome: Outcome) -> dict[str, object]:
        if outcome.answer.refusal not in IN_USE:
            return {}
        ways = ways_on(command, _layout(command, manner))
        if not manner.as_json:
            _tell(ways)
        return {"ways_on": ways.as_json()}

    carry_out([command], manner, on_refusal)
    if command.lock_serials and not manner.dry_run and not manner.as_json:
        say(
            "locked serials can be assigned nowhere; this unlocks them:",
            f"  {_again(command, 'reactivate')}",
        )


def _layout(command: Deactivate, manner: Manner) -> Layout | None:
    """The refusal itself names the chargers; without the log, their commands are not spelled out."""
    try:
        layouts = layouts_of(asyncio.run(installation_log(manner.data_folder)))
    except ServiceUnavailable as fault:
        complain(f"the chargers cannot be listed: {fault}")
        return None
    return layouts.get(command.installation_id)


@dataclass(frozen=True, slots=True)
class WaysOn:
    """The chargers that are in the way, and the commands of each way on."""

    chargers: tuple[Charger, ...]
    circuits: dict[str, str]
    """The names of all circuits."""
    elsewhere: tuple[str, ...]
    """Circuits in use that chargers of the same installation could be moved to."""
    move: tuple[str, ...]
    remove: tuple[str, ...]
    lock: str

    def as_json(self) -> dict[str, object]:
        keep = {"charger_id", "serial", "name", "circuit_id"}
        return {
            "chargers": [it.model_dump(include=keep) for it in self.chargers],
            "move_to": list(self.elsewhere),
            "move": list(self.move),
            "remove": list(self.remove),
            "lock": self.lock,
        }


def ways_on(command: Deactivate, layout: Layout | None) -> WaysOn:
    """Find the chargers beneath what is to be deactivated, and spell the ways on."""
    circuit_id = command.circuit_id if isinstance(command, DeactivateCircuit) else MAIN
    circuits = () if layout is None else layout.circuits
    beneath = set() if layout is None else set(_beneath(circuit_id, layout))
    everything = () if layout is None else layout.chargers
    chargers = tuple(it for it in everything if it.lock is None and it.circuit_id in beneath)
    elsewhere = tuple(
        it.circuit_id
        for it in circuits
        if it.circuit_id not in beneath and layout is not None and layout.in_use(it.circuit_id)
    )
    here = command.installation_id
    ids = [it.charger_id for it in chargers] or ["CHARGER"]
    to = "CIRCUIT" if elsewhere else "CIRCUIT --to-installation INSTALLATION"
    return WaysOn(
        chargers=chargers,
        circuits={it.circuit_id: it.name for it in circuits},
        elsewhere=elsewhere,
        move=tuple(f"ampledger charger move {here} {it} {to}" for it in ids),
        remove=tuple(f"ampledger charger remove {here} {it}" for it in ids),
        lock=f"{_again(command, 'deactivate')} --lock-serials",
    )


def _again(command: Deactivate, what: str) -> str:
    if isinstance(command, DeactivateCircuit):
        return f"ampledger circuit {what} {command.installation_id} {command.circuit_id}"
    return f"ampledger installation {what} {command.installation_id}"


def _beneath(circuit_id: str, layout: Layout) -> Iterator[str]:
    yield circuit_id
    for it in layout.circuits:
        if (it.parent_id or MAIN) == circuit_id:
            yield from _beneath(it.circuit_id, layout)


def _tell(ways: WaysOn) -> None:
    if ways.chargers:
        table = Table("charger", "serial", "id", "on circuit", box=None, pad_edge=False)
        for it in ways.chargers:
            circuit = ways.circuits.get(it.circuit_id, it.circuit_id)
            table.add_row(it.name, it.serial, it.charger_id, circuit)
        draw(table)
    to = f" (CIRCUIT is one of {', '.join(ways.elsewhere)})" if ways.elsewhere else ""
    say("", f"move them{to}:", *_indented(ways.move))
    say("remove them, if they are gone for good:", *_indented(ways.remove))
    say("or lock them; they get 0 A, and their serials stay here:", *_indented((ways.lock,)))


def _indented(commands: tuple[str, ...]) -> Iterator[str]:
    return (f"  {it}" for it in commands)
