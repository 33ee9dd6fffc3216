"""Commands to the installation service as the world sends them: over NATS, twice, all at once."""

import asyncio
from typing import Any

import orjson
import pytest
from nats.aio.client import Client

from services.installation.decider import installation
from services.installation.language import COMMANDS, InstallationCommand
from shared import subjects
from shared.context import Context
from shared.event_store import EventStore
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.installation import ChargerAssigned, CircuitAdded
from shared.messages.installation_commands import AddCircuit, AssignChargers
from shared.relay import EVENT_ID_HEADER
from shared.transact import transact
from tests.integration.installation.desk import WAIT_S_MAX, Desk, add, assign, create, serial_of
from tests.support.waiting import until

pytestmark = pytest.mark.integration

ROUNDS = 20
AT_ONCE = 24


async def test_an_accepted_command_is_answered_with_the_position_of_its_last_event(
    desk: Desk,
) -> None:
    garage = await desk.garage("level-1")

    answer = await desk.ask(assign(garage, "level-1", serial_of(1), serial_of(2)))

    history = await desk.history(garage)
    assert answer.accepted
    assert answer.position == history[-1].position
    assert [it.type for it in history] == [
        "InstallationCreated",
        "CircuitAdded",
        "ChargerAssigned",
        "ChargerAssigned",
    ]


async def test_what_is_recorded_says_who_wished_it(desk: Desk) -> None:
    garage = f"garage-{new_id()}"
    command = create(garage)

    await desk.ask(command)

    (recorded,) = await desk.history(garage)
    assert recorded.meta.actor == "test"
    assert recorded.meta.command_id == command.command_id
    assert recorded.meta.correlation_id == "c"


async def test_what_is_accepted_is_announced_at_its_position(desk: Desk) -> None:
    garage = await desk.garage("level-1")
    recorded = (await desk.history(garage))[-1]
    client: Client = desk.client
    js = client.jetstream()
    name = subjects.jetstream_of("installation")

    async def announced() -> int:
        return int((await js.stream_info(name)).state.last_seq)

    await until(announced, lambda it: it >= recorded.position, WAIT_S_MAX)
    message = await js.get_msg(name, seq=recorded.position)
    assert message.subject == subjects.event(recorded.event)
    assert (message.headers or {})[EVENT_ID_HEADER] == str(recorded.event_id)
    assert message.data == recorded.data


async def test_what_is_so_already_is_accepted_at_no_position(desk: Desk) -> None:
    garage = await desk.garage("level-1")

    answer = await desk.ask(add(garage, "level-1"))

    assert answer.accepted
    assert answer.position == 0
    assert len(await desk.history(garage)) == 2


async def test_a_refusal_has_a_name_and_says_what_to_do(desk: Desk) -> None:
    garage = await desk.garage()

    answer = await desk.ask(add(garage, "level-1", breaker_a=200))

    assert not answer.accepted
    assert answer.refusal == "BreakerAboveParent"
    assert "enter at most 160 A" in (answer.detail or "")
    assert len(await desk.history(garage)) == 1


@pytest.mark.parametrize("content", [b"", b"ampere", b"{", b"[]", b'"level-1"', b"\xff\xfe"])
async def test_what_is_no_command_at_all_is_answered(desk: Desk, content: bytes) -> None:
    answer = await desk.ask_raw(subjects.command(AddCircuit, "garage"), content)

    assert not answer.accepted
    assert answer.refusal == "InvalidCommand"
    assert answer.detail


def spoilt(command: AddCircuit, **changes: Any) -> bytes:
    """A command with fields changed, or with those that are set to None left out."""
    content = command.model_dump(mode="json", exclude_none=True) | changes
    return orjson.dumps({name: it for name, it in content.items() if it is not None})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("circuit_id", None),
        ("name", None),
        ("command_id", None),
        ("circuit_id", "level.1"),
        ("breaker_a", "many"),
        ("breaker_a", 5.9),
        ("breaker_a", 1e9),
        ("colour", "red"),
    ],
)
async def test_a_command_with_a_wrong_field_is_answered_naming_it(
    desk: Desk, field: str, value: object
) -> None:
    garage = await desk.garage()
    content = spoilt(add(garage, "level-1"), **{field: value})

    answer = await desk.ask_raw(subjects.command(AddCircuit, garage), content)

    assert answer.refusal == "InvalidCommand"
    assert field in (answer.detail or "")
    assert len(await desk.history(garage)) == 1


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda it: it.__name__)
async def test_every_command_is_listened_to(
    desk: Desk, kind: type[InstallationCommand]
) -> None:
    answer = await desk.ask_raw(subjects.command(kind, "garage"), b"{}")

    assert answer.refusal == "InvalidCommand"
    assert "installation_id" in (answer.detail or "")


async def test_a_malformed_serial_is_answered_with_what_one_looks_like(desk: Desk) -> None:
    garage = await desk.garage("level-1")
    content = assign(garage, "level-1", "ZAP000001").model_dump(mode="json")
    content["chargers"][0]["serial"] = "ZAP 1"

    answer = await desk.ask_raw(subjects.command(AssignChargers, garage), orjson.dumps(content))

    assert answer.refusal == "InvalidCommand"
    assert "chargers.0.serial" in (answer.detail or "")
    assert "label" in (answer.detail or "")


async def test_the_same_command_again_gets_the_first_answer_and_happens_once(
    desk: Desk,
) -> None:
    garage = await desk.garage()
    command = add(garage, "level-1")

    answers = [await desk.ask(command) for _ in range(3)]

    assert answers[0].accepted
    assert answers == [answers[0]] * 3
    assert len(await desk.history(garage)) == 2


async def test_the_same_command_at_the_same_time_happens_once(desk: Desk) -> None:
    garage = await desk.garage()
    command = add(garage, "level-1")

    answers = await asyncio.gather(*(desk.ask(command) for _ in range(AT_ONCE)))

    assert answers[0].accepted
    assert answers == [answers[0]] * AT_ONCE
    assert len(await desk.history(garage)) == 2


async def test_a_refused_command_again_gets_its_refusal_even_when_it_would_fit_now(
    desk: Desk,
) -> None:
    garage = await desk.garage()
    too_early = assign(garage, "level-1", serial_of(1))
    refused = await desk.ask(too_early)
    await desk.ask(add(garage, "level-1"))

    assert refused.refusal == "UnknownCircuit"
    assert await desk.ask(too_early) == refused
    assert (await desk.ask(too_early.model_copy(update={"command_id": new_id()}))).accepted


async def test_a_command_id_with_other_content_is_refused(desk: Desk) -> None:
    garage = await desk.garage()
    first = add(garage, "level-1")
    await desk.ask(first)

    for other in (
        add(garage, "level-2", command_id=first.command_id),
        create(garage, command_id=first.command_id),
    ):
        answer = await desk.ask(other)
        assert answer.refusal == "CommandIdReused"
        assert first.command_id in (answer.detail or "")
    assert len(await desk.history(garage)) == 2


async def test_a_serial_asked_for_by_two_installations_at_once_goes_to_one(desk: Desk) -> None:
    garages = [await desk.garage("level-1") for _ in range(2)]
    for number in range(ROUNDS):
        serial = serial_of(number)

        answers = await asyncio.gather(
            *(desk.ask(assign(garage, "level-1", serial)) for garage in garages)
        )

        has, lacks = (0, 1) if answers[0].accepted else (1, 0)
        assert answers[has].accepted
        assert answers[lacks].refusal == "SerialTaken"
        assert serial in (answers[lacks].detail or "")
        assert garages[has] in (answers[lacks].detail or ""), "it says where"
        assert serial in await serials(desk, garages[has])
        assert serial not in await serials(desk, garages[lacks])


async def serials(desk: Desk, garage: str) -> list[str]:
    events = [it.event for it in await desk.history(garage)]
    return [it.serial for it in events if isinstance(it, ChargerAssigned)]


async def test_an_id_of_a_charger_stands_in_one_installation(desk: Desk) -> None:
    """All services know a charger by its id alone."""
    here, there = await desk.garage("level-1"), await desk.garage("level-1")
    first = assign(there, "level-1", serial_of(1))
    await desk.ask(first)
    same_id = first.chargers[0].model_copy(update={"serial": serial_of(2)})
    wish = assign(here, "level-1", serial_of(2))

    answer = await desk.ask(wish.model_copy(update={"chargers": (same_id,)}))

    assert answer.refusal == "ChargerExists"
    assert there in (answer.detail or "")


async def test_of_several_chargers_none_is_assigned_when_one_serial_is_taken(
    desk: Desk,
) -> None:
    here, there = await desk.garage("level-1"), await desk.garage("level-1")
    taken = serial_of(1)
    await desk.ask(assign(there, "level-1", taken))

    answer = await desk.ask(assign(here, "level-1", serial_of(2), taken, serial_of(3)))

    assert answer.refusal == "SerialTaken"
    assert await serials(desk, here) == []


async def test_circuits_added_to_one_installation_at_once_all_land(desk: Desk) -> None:
    garage = await desk.garage()
    wished = [f"level-{it}" for it in range(AT_ONCE)]

    answers = await asyncio.gather(*(desk.ask(add(garage, it)) for it in wished))

    assert all(it.accepted for it in answers)
    assert len({it.position for it in answers}) == AT_ONCE
    assert await circuits(desk.log, garage) == sorted(wished)


async def test_decisions_that_meet_in_one_append_are_taken_again(desk: Desk) -> None:
    """All are decided on the same version: one is first, the others decide once more."""
    garage = await desk.garage()
    wished = [f"level-{it}" for it in range(AT_ONCE)]

    async with EventStore.open(desk.log.pool) as store:

        async def decide(circuit_id: str) -> Answer:
            command = add(garage, circuit_id)
            stream, context = f"installation-{garage}", Context("test", "c")
            return await transact(store, stream, installation, command, context)

        answers = await asyncio.gather(*(decide(it) for it in wished))

    assert all(it.accepted for it in answers)
    assert await circuits(desk.log, garage) == sorted(wished)


async def circuits(log: EventStore, garage: str) -> list[str]:
    events = [it.event for it in await log.load(f"installation-{garage}")]
    return sorted(it.circuit_id for it in events if isinstance(it, CircuitAdded))
