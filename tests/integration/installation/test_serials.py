"""One serial, one place in the world: over several installations, several processes, all at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from services.installation.claims import stream_named
from services.installation.decider import installation, moving
from services.installation.language import InstallationCommand
from services.installation.rehearsing import NotRehearsed, rehearsals
from shared.context import Context
from shared.decider import Refused
from shared.event_store import EventStore
from shared.messages import Answer
from shared.messages.installation import ChargerAssigned, ChargerRemoved, SerialUnlocked
from shared.messages.installation_commands import (
    DeactivateCircuit,
    MoveCharger,
    ReactivateCircuit,
    RemoveCharger,
    SetPriority,
    UnlockSerial,
)
from shared.recorded import Recorded
from shared.rehearsing import ask_rehearsal
from shared.transact import transact, transact_across
from tests.integration.installation.desk import Desk, add, assign, serial_of, wish

pytestmark = pytest.mark.integration

ROUNDS = 10
AT_ONCE = 12
SEED = 7
LEVEL = "level-1"
CONTEXT = Context("test", "c")


def move(here: str, serial: str, beyond: str, circuit_id: str = LEVEL) -> MoveCharger:
    return wish(
        MoveCharger,
        here,
        charger_id=f"bay-{serial}",
        circuit_id=circuit_id,
        to_installation_id=beyond,
    )


def remove(garage: str, serial: str) -> RemoveCharger:
    return wish(RemoveCharger, garage, charger_id=f"bay-{serial}")


def lock(garage: str) -> DeactivateCircuit:
    return wish(DeactivateCircuit, garage, circuit_id=LEVEL, lock_serials=True)


def unlock(garage: str, serial: str) -> UnlockSerial:
    return wish(UnlockSerial, garage, serial=serial, reason="sold to somebody")


async def garages(desk: Desk, number: int) -> list[str]:
    return [await desk.garage(LEVEL) for _ in range(number)]


async def with_charger(desk: Desk, serial: str) -> list[str]:
    """Two garages; the charger stands in the first one."""
    here, beyond = await garages(desk, 2)
    assert (await desk.ask(assign(here, LEVEL, serial))).accepted
    return [here, beyond]


async def holder(desk: Desk, serial: str) -> str | None:
    return (await desk.holders()).get(("serial", serial))


# --- To move ---


async def test_a_charger_is_moved_in_one_append(desk: Desk) -> None:
    serial = serial_of(1)
    here, beyond = await with_charger(desk, serial)

    answer = await desk.ask(move(here, serial, beyond))

    left, arrived = (await desk.history(here))[-1], (await desk.history(beyond))[-1]
    assert answer.accepted
    assert isinstance(left.event, ChargerRemoved)
    assert isinstance(arrived.event, ChargerAssigned)
    assert (left.event.moved_to, arrived.event.moved_from) == (beyond, here)
    assert (left.position + 1, arrived.position) == (arrived.position, answer.position)
    assert left.meta == arrived.meta
    assert await holder(desk, serial) == f"{beyond}/bay-{serial}"


async def test_a_charger_that_was_moved_stands_where_it_was_moved_to(desk: Desk) -> None:
    serial = serial_of(1)
    here, beyond = await with_charger(desk, serial)
    await desk.ask(move(here, serial, beyond))

    answer = await desk.ask(assign(here, LEVEL, serial))

    assert answer.refusal == "SerialTaken"
    assert beyond in (answer.detail or "")
    assert (await desk.ask(move(beyond, serial, here))).accepted
    assert await holder(desk, serial) == f"{here}/bay-{serial}"


async def test_the_same_move_again_gets_the_first_answer_and_happens_once(desk: Desk) -> None:
    serial = serial_of(1)
    here, beyond = await with_charger(desk, serial)
    command = move(here, serial, beyond)

    answers = await asyncio.gather(*(desk.ask(command) for _ in range(AT_ONCE)))
    anew = await desk.ask(move(here, serial, beyond))

    assert answers[0].accepted
    assert answers == [answers[0]] * AT_ONCE
    assert (anew.accepted, anew.position) == (True, 0)
    assert len(await desk.history(beyond)) == 3


async def test_a_moves_command_id_with_other_content_is_refused(desk: Desk) -> None:
    serial = serial_of(1)
    here, beyond = await with_charger(desk, serial)
    command = move(here, serial, beyond)
    await desk.ask(command)

    answer = await desk.ask(
        move(beyond, serial, here).model_copy(update={"command_id": command.command_id})
    )

    assert answer.refusal == "CommandIdReused"
    assert await holder(desk, serial) == f"{beyond}/bay-{serial}"


async def test_a_charger_wanted_in_two_installations_at_once_goes_to_one(desk: Desk) -> None:
    for number in range(ROUNDS):
        serial = serial_of(number)
        here, *beyond = await garages(desk, 3)
        await desk.ask(assign(here, LEVEL, serial))

        answers = await asyncio.gather(*(desk.ask(move(here, serial, it)) for it in beyond))

        has, lacks = (0, 1) if answers[0].accepted else (1, 0)
        assert answers[has].accepted
        assert answers[lacks].refusal == "UnknownCharger"
        assert beyond[has] in (answers[lacks].detail or ""), "it says where to ask"
        assert await holder(desk, serial) == f"{beyond[has]}/bay-{serial}"


async def test_chargers_that_cross_each_other_both_arrive(desk: Desk) -> None:
    for number in range(ROUNDS):
        one, other = serial_of(number), serial_of(number + 100)
        here, beyond = await garages(desk, 2)
        await desk.ask(assign(here, LEVEL, one))
        await desk.ask(assign(beyond, LEVEL, other))

        answers = await asyncio.gather(
            desk.ask(move(here, one, beyond)), desk.ask(move(beyond, other, here))
        )

        assert [it.accepted for it in answers] == [True, True]
        assert list((await desk.state(here)).chargers) == [f"bay-{other}"]
        assert list((await desk.state(beyond)).chargers) == [f"bay-{one}"]


async def test_a_move_arrives_while_both_installations_change(desk: Desk) -> None:
    serial = serial_of(1)
    here, beyond = await with_charger(desk, serial)
    changes = [add(it, f"level-{n}") for n in range(2, AT_ONCE) for it in (here, beyond)]

    answers = await asyncio.gather(
        *(desk.ask(it) for it in [*changes[:6], move(here, serial, beyond), *changes[6:]])
    )

    assert all(it.accepted for it in answers)
    assert await holder(desk, serial) == f"{beyond}/bay-{serial}"


# --- Free, or locked ---


async def test_a_serial_is_free_once_its_charger_is_removed(desk: Desk) -> None:
    serial = serial_of(1)
    here, beyond = await with_charger(desk, serial)

    assert (await desk.ask(remove(here, serial))).accepted

    assert await holder(desk, serial) is None
    assert (await desk.ask(assign(beyond, LEVEL, serial))).accepted


async def test_a_locked_serial_is_told_of_in_every_installation_until_support_frees_it(
    desk: Desk,
) -> None:
    serial = serial_of(1)
    here, beyond = await with_charger(desk, serial)
    await desk.ask(lock(here))

    refused = await desk.ask(assign(beyond, LEVEL, serial))
    freed = await desk.ask(unlock(here, serial))
    taken = await desk.ask(assign(beyond, LEVEL, serial))

    assert refused.refusal == "SerialIsLocked"
    assert here in (refused.detail or "")
    assert "circuit 'level-1' was deactivated" in (refused.detail or "")
    assert freed.accepted
    assert taken.accepted
    assert await holder(desk, serial) == f"{beyond}/bay-{serial}"


# --- Who is overtaken decides again ---


class Overtaken(EventStore):
    """A log into which somebody else writes just after it was read, once."""

    overtake: Callable[[], Awaitable[object]] | None = None

    async def load(self, stream: str, after_version: int = 0) -> list[Recorded]:
        history = await super().load(stream, after_version)
        if self.overtake is not None:
            overtake, self.overtake = self.overtake, None
            await overtake()
        return history


async def overtaken(
    desk: Desk, command: InstallationCommand, by: InstallationCommand
) -> Answer:
    """Decide a command on a state that is out of date by the time it is appended."""

    async def overtake() -> None:
        assert (await desk.ask(by)).accepted

    async with Overtaken.open(desk.log.pool) as slow:
        assert isinstance(slow, Overtaken)
        slow.overtake = overtake
        stream = stream_named(command.installation_id)
        if isinstance(command, MoveCharger):
            streams = (stream, stream_named(str(command.to_installation_id)))
            answer = await transact_across(slow, streams, moving, command, CONTEXT)
        else:
            answer = await transact(slow, stream, installation, command, CONTEXT)
        assert slow.overtake is None, "it was overtaken"
        return answer


async def test_what_would_become_of_a_command_is_told_and_does_not_happen(desk: Desk) -> None:
    serial = serial_of(20)
    here = (await with_charger(desk, serial))[0]
    decide = rehearsals(desk.log, lambda _, actor: actor)
    with pytest.raises(NotRehearsed):
        await decide(assign(here, LEVEL, serial_of(21)), "support")
    assert (await desk.ask(lock(here))).accepted
    before = len(await desk.history(here))

    events = await decide(unlock(here, serial), "support")
    with pytest.raises(Refused):
        await decide(unlock(here, serial_of(22)), "support")

    assert [type(it) for it in events][:2] == [SerialUnlocked, ChargerRemoved]
    assert len(await desk.history(here)) == before


async def test_a_rehearsal_is_for_those_who_may_ask_for_the_command(desk: Desk) -> None:
    serial = serial_of(23)
    here = (await with_charger(desk, serial))[0]
    assert (await desk.ask(lock(here))).accepted

    told = await ask_rehearsal(desk.client, unlock(here, serial), "person/nobody")

    assert (told.answer.refusal, told.events) == ("Forbidden", ())


async def test_a_decision_that_was_overtaken_is_taken_again(desk: Desk) -> None:
    serial = serial_of(1)
    here, _ = await with_charger(desk, serial)
    first = wish(SetPriority, here, charger_id=f"bay-{serial}", priority=9)

    answer = await overtaken(desk, first, by=lock(here))

    assert answer.refusal == "SerialIsLocked"
    assert (await desk.state(here)).chargers[f"bay-{serial}"].priority == 0


@pytest.mark.parametrize("where", [0, 1], ids=["here", "beyond"])
async def test_a_move_that_was_overtaken_in_either_place_is_decided_again(
    desk: Desk, where: int
) -> None:
    serial = serial_of(1)
    both = await with_charger(desk, serial)

    answer = await overtaken(desk, move(both[0], serial, both[1]), by=lock(both[where]))

    assert answer.refusal == ("SerialIsLocked", "CircuitInactive")[where]
    assert await holder(desk, serial) == f"{both[0]}/bay-{serial}"


async def test_a_move_that_was_overtaken_by_what_does_not_matter_still_arrives(
    desk: Desk,
) -> None:
    serial = serial_of(1)
    here, beyond = await with_charger(desk, serial)

    answer = await overtaken(desk, move(here, serial, beyond), by=add(beyond, "level-2"))

    assert answer.accepted
    assert await holder(desk, serial) == f"{beyond}/bay-{serial}"


# --- All at once ---


async def test_after_a_storm_of_wishes_every_serial_stands_once_and_is_held_there(
    desk: Desk,
) -> None:
    chance = random.Random(SEED)  # noqa: S311  # which wishes come is no secret
    places = await garages(desk, 3)
    serials = [serial_of(it) for it in range(4)]

    def any_wish() -> InstallationCommand:
        place, serial = chance.choice(places), chance.choice(serials)
        return chance.choice(
            [
                assign(place, LEVEL, serial),
                assign(place, LEVEL, serial),
                move(place, serial, chance.choice([it for it in places if it != place])),
                remove(place, serial),
                lock(place),
                wish(ReactivateCircuit, place, circuit_id=LEVEL),
                unlock(place, serial),
            ]
        )

    accepted = 0
    for _ in range(ROUNDS):
        answers = await asyncio.gather(*(desk.ask(any_wish()) for _ in range(AT_ONCE)))
        accepted += sum(it.accepted and it.position > 0 for it in answers)

    standing = {
        ("serial", one.serial): f"{place}/{charger_id}"
        for place in places
        for charger_id, one in (await desk.state(place)).chargers.items()
    }
    holders = {key: it for key, it in (await desk.holders()).items() if key[1] in serials}
    assert holders == standing
    assert sum([len((await desk.state(it)).chargers) for it in places]) == len(standing)
    assert accepted > ROUNDS, "much of it happened"


async def test_a_note_is_part_of_the_answer_however_often_it_is_asked_for(desk: Desk) -> None:
    garage = await desk.garage(LEVEL)
    command = assign(garage, LEVEL, *(serial_of(it) for it in range(3)))

    answers = [await desk.ask(command) for _ in range(2)]

    assert "same-first-phase" in [it.code for it in answers[0].notes]
    assert answers[1] == answers[0]
