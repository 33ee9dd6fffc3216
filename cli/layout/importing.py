"""
A file of chargers, assigned: all of it or nothing.

Everything is checked before anything is sent: each line in itself, lines against one another, and the
whole against the state folded from the logs. One command assigns the chargers of one circuit. Its id is
made of its content, so that a file that is imported again, because the connection was lost between two
commands, does what is left to do and nothing twice.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final

import typer

from cli.layout.carrying_out import told
from cli.layout.options import Manner
from cli.layout.passwords import issue_passwords
from cli.layout.places import nats_url, store_of, whole_log
from cli.layout.rehearsal import World, rehearse, world_of
from cli.layout.telling import Outcome, complain
from cli.setting_up import ask, connected
from cli.support.output import FINDING, fail, print_json
from shared.charger_file import BadLine, Line, read_chargers
from shared.event_store import EventStore
from shared.ids import CircuitId, InstallationId
from shared.messages.installation_commands import AssignChargers

DIGEST: Final = 40
"""How many hexadecimal digits of a content's digest stand in its command id."""


def import_file(
    file: Path,
    installation_id: InstallationId | None,
    circuit_id: CircuitId | None,
    manner: Manner,
    *,
    credentials: bool,
) -> None:
    """
    Assign the chargers of a file, and issue passwords for those that were not assigned before.

    Raises:
        Exit: something is wrong with the file, and has been said, line by line.
        CommandRefused: somebody else was faster; a later import of the same file goes on.
        ServiceUnavailable: nobody answers, or the log cannot be read.
    """
    lines, bad = read_chargers(_text(file), circuit_id, installation_id)
    _say_bad(bad, manner)
    outcomes = asyncio.run(_import(lines, manner))
    told(outcomes, manner, then=issue_passwords if credentials else None)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fail(f"{file} is not UTF-8; save it as “CSV UTF-8”")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")


def _say_bad(bad: Sequence[BadLine], manner: Manner) -> None:
    if not bad:
        return
    if manner.as_json:
        told_lines = [{"line": it.number, "text": it.text} for it in bad]
        print_json({"dry_run": manner.dry_run, "accepted": False, "bad_lines": told_lines})
        raise typer.Exit(FINDING)
    complain(
        *(str(it) for it in bad), "nothing was assigned: correct the file and import it again"
    )
    raise typer.Exit(FINDING)


async def _import(lines: Sequence[Line], manner: Manner) -> list[Outcome]:
    wishes = commands_of(lines)
    async with store_of(manner.data_folder) as store:
        world = world_of(await whole_log(store))
        outcomes = _rehearsed(wishes, world)
        if not all(it.answer.accepted for it in outcomes):
            _say_bad(bad_lines(lines, world), manner)
            return outcomes  # each line would do by itself, and all together do not
        if manner.dry_run:
            return outcomes
        outcomes = [await _not_answered_yet(it, store) for it in outcomes]
    return await _sent(outcomes, manner)


def commands_of(lines: Sequence[Line]) -> list[AssignChargers]:
    """Make one command for each circuit, in the order in which the file names them."""
    circuits: dict[tuple[InstallationId, CircuitId], list[Line]] = {}
    for line in lines:
        circuits.setdefault((line.installation_id, line.circuit_id), []).append(line)
    return [_command(it) for it in circuits.values()]


def _command(lines: Sequence[Line]) -> AssignChargers:
    """Assign what stands in lines of one circuit."""
    command = AssignChargers(
        command_id="import",
        installation_id=lines[0].installation_id,
        circuit_id=lines[0].circuit_id,
        chargers=tuple(it.charger for it in lines),
    )
    digest = hashlib.sha256(command.model_dump_json().encode()).hexdigest()
    return command.model_copy(update={"command_id": f"import-{digest[:DIGEST]}"})


def _rehearsed(wishes: Sequence[AssignChargers], world: World) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for command in wishes:
        rehearsal = rehearse(command, world)
        outcomes.append(Outcome(command, rehearsal.answer, rehearsal.events))
        world = rehearsal.world
    return outcomes


def bad_lines(lines: Sequence[Line], world: World) -> list[BadLine]:
    """Find which lines of a file are refused, each decided by itself after those before it."""
    bad: list[BadLine] = []
    for line in lines:
        rehearsal = rehearse(_command([line]), world)
        world = rehearsal.world
        if not rehearsal.answer.accepted:
            bad.append(BadLine(line.number, str(rehearsal.answer.detail)))
    return bad


async def _not_answered_yet(outcome: Outcome, store: EventStore) -> Outcome:
    """
    Take an id under which nothing was answered yet, where there is still something to do.

    An earlier answer to the same content is out of date then: it was a refusal whose reason is gone, or
    the chargers have been removed since.
    """
    if not outcome.events:
        return outcome
    command_id = outcome.command.command_id
    for repeat in count(2):
        if await store.first_answer(command_id) is None:
            break
        command_id = f"{outcome.command.command_id}-{repeat}"
    command = outcome.command.model_copy(update={"command_id": command_id})
    return Outcome(command, outcome.answer, outcome.events)


async def _sent(outcomes: Sequence[Outcome], manner: Manner) -> list[Outcome]:
    sent: list[Outcome] = []
    async with connected(nats_url(manner.data_folder)) as client:
        for it in outcomes:
            if not it.events:  # it is so already
                sent.append(Outcome(it.command, it.answer))
                continue
            answer = await ask(client, it.command, manner.who)
            sent.append(Outcome(it.command, answer))
            if not answer.accepted:
                break
    return sent
