"""Subscribers hear what they may, with credentials of their own, and can do nothing else."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from cli.nats_access import open_access
from shared import subjects
from shared.epochs import take_over
from shared.messages.installation import ChargerRemoved, CircuitAdded
from shared.messages.telemetry import MeterReading
from shared.messaging import connect, ensure_jetstream, log_jetstream, telemetry_jetstream
from tests.contracts.test_samples import SAMPLES
from tests.support.servers import scratch_folder
from tests.support.stack_child import StackChild, stack_child
from tests.support.subscribing import Stranger, added, ampledger, stranger
from tests.support.waiting import until

pytestmark = pytest.mark.integration

LOG = subjects.jetstream_of("installation")
FORGED = "events.installation.9.garage-1.CircuitAdded"


@dataclass(slots=True)
class Place:
    """A running stack, and its NATS server as the services see it."""

    data: Path
    stack: StackChild
    client: Client

    @property
    def url(self) -> str:
        return str(self.client.connected_url.geturl()) if self.client.connected_url else ""

    async def announce(self, *numbers: int) -> None:
        """Announce one circuit added and one charger removed for each number."""
        for number in numbers:
            circuit = CircuitAdded(
                installation_id="garage-1",
                circuit_id=f"c-{number}",
                name="c",
                breaker_a=63,
                set_a=63,
            )
            removed = ChargerRemoved(
                installation_id="garage-1", charger_id=f"bay-{number}", serial=f"ZAP{number:06}"
            )
            for event in (circuit, removed):
                data = event.model_dump_json(exclude_none=True).encode()
                await self.client.jetstream().publish(subjects.event(event), data)

    async def read(self) -> None:
        """Announce a reading."""
        data = (SAMPLES / "readings" / "MeterReading.v1.json").read_bytes()
        reading = MeterReading.model_validate_json(data)
        subject = subjects.telemetry(MeterReading, reading.installation_id, reading.charger_id)
        await self.client.jetstream().publish(subject, data)

    async def last(self, jetstream: str = LOG) -> int:
        return int((await self.client.jetstream().stream_info(jetstream)).state.last_seq)


@contextlib.asynccontextmanager
async def running(data: Path) -> AsyncIterator[Place]:
    async with stack_child(data) as stack:
        urls = (await stack.up())["urls"]
        client = await connect(urls["nats"], "test-services")
        try:
            js = client.jetstream()
            await ensure_jetstream(js, log_jetstream("installation"))
            await ensure_jetstream(js, telemetry_jetstream())
            yield Place(data, stack, client)
        finally:
            await client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place() -> AsyncIterator[Place]:
    with scratch_folder() as folder:
        async with running(folder / "data") as made:
            await made.announce(1, 2, 3)
            await made.read()
            yield made


async def pulled(client: Client, user: str, jetstream: str = LOG) -> list[Msg]:
    """Take all there is for a subscriber, from the beginning."""
    reset = f"$JS.API.CONSUMER.RESET.{jetstream}.{user}"
    answer = json.loads((await client.request(reset, b'{"seq":1}')).data)
    assert "error" not in answer, answer
    pull = await client.jetstream().pull_subscribe_bind(consumer=user, stream=jetstream)
    try:
        return await pull.fetch(100, timeout=1) if answer["num_pending"] else []
    finally:
        await pull.unsubscribe()


def kinds_of(messages: list[Msg]) -> list[str]:
    return [it.subject.rpartition(".")[2] for it in messages]


# --- What it hears ---


async def test_a_subscriber_hears_the_kinds_it_was_given_in_order_and_nothing_else(
    place: Place,
) -> None:
    url = await added(place.data, "billing", "CircuitAdded", "MeterReading")

    async with stranger(url) as it:
        circuits = await pulled(it.client, "subscriber-billing")
        readings = await pulled(it.client, "subscriber-billing", "TELEMETRY")

    assert [json.loads(it.data)["circuit_id"] for it in circuits] == ["c-1", "c-2", "c-3"]
    assert [it.metadata.sequence.stream for it in circuits] == [1, 3, 5]
    assert kinds_of(readings) == ["MeterReading"]
    assert it.told == []


async def test_a_subscriber_of_everything_hears_everything(place: Place) -> None:
    url = await added(place.data, "archive")

    async with stranger(url) as it:
        assert kinds_of(await pulled(it.client, "subscriber-archive"))[:4] == [
            "CircuitAdded",
            "ChargerRemoved",
            "CircuitAdded",
            "ChargerRemoved",
        ]


async def test_what_it_has_acknowledged_is_known_to_those_who_run_the_stack(
    place: Place,
) -> None:
    url = await added(place.data, "reports", "ChargerRemoved")
    async with stranger(url) as it:
        messages = await pulled(it.client, "subscriber-reports")
        await messages[1].ack()
        await it.client.flush()

        async def acknowledged() -> int:
            info = await place.client.jetstream().consumer_info(LOG, "subscriber-reports")
            return int(info.ack_floor.stream_seq)

        assert await until(acknowledged, lambda it: it == 4)

    code, said = await ampledger("subscriber", "list", data=place.data)
    row = next(it for it in said.splitlines() if "reports" in it)
    assert code == 0
    assert "ChargerRemoved" in row
    assert LOG in row


# --- What it may not ---


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mallory(place: Place) -> AsyncIterator[Stranger]:
    await added(place.data, "alice")
    async with stranger(await added(place.data, "mallory")) as it:
        yield it


@pytest.mark.parametrize(
    "subject",
    [
        FORGED,
        "events.balancer.9.garage-1.CurrentLimitAllocated",
        "telemetry.9.garage-1.bay-1.MeterReading",
        "commands.installation.garage-1.AddCircuit",
        "charger.bay-1.SetCurrentLimit",
        f"$JS.API.CONSUMER.DELETE.{LOG}.subscriber-alice",
        f"$JS.API.CONSUMER.DELETE.{LOG}.subscriber-mallory",
        f"$JS.API.CONSUMER.RESET.{LOG}.subscriber-alice",
        f"$JS.API.CONSUMER.MSG.NEXT.{LOG}.subscriber-alice",
        f"$JS.API.CONSUMER.CREATE.{LOG}.subscriber-mallory",
        f"$JS.API.CONSUMER.CREATE.{LOG}.more",
        f"$JS.ACK.{LOG}.subscriber-alice.1.1.1.1.0",
        f"$JS.API.STREAM.INFO.{LOG}",
        f"$JS.API.STREAM.DELETE.{LOG}",
        f"$JS.API.STREAM.PURGE.{LOG}",
        f"$JS.API.STREAM.MSG.GET.{LOG}",
        f"$JS.API.DIRECT.GET.{LOG}.{FORGED}",
        "$JS.API.STREAM.NAMES",
        "$JS.API.INFO",
        "$SYS.REQ.SERVER.PING",
    ],
)
async def test_it_is_told_at_once_that_it_may_not_publish(
    place: Place, mallory: Stranger, subject: str
) -> None:
    before = await place.last()

    await mallory.client.publish(subject, b"{}")

    assert await mallory.refused("publish", subject)
    assert await place.last() == before


@pytest.mark.parametrize(
    "subject", [">", "events.>", "telemetry.>", "commands.>", "charger.*.*", "$JS.>", "$SYS.>"]
)
async def test_it_is_told_at_once_that_it_may_not_listen(
    mallory: Stranger, subject: str
) -> None:
    await mallory.client.subscribe(subject)

    assert await mallory.refused("subscription", subject)


@pytest.mark.parametrize(
    "elsewhere",
    [FORGED, "commands.installation.garage-1.AddCircuit", "charger.bay-1.SetCurrentLimit"],
)
async def test_the_answers_it_asks_for_reach_nobody_else(
    place: Place, mallory: Stranger, elsewhere: str
) -> None:
    heard: list[Msg] = []
    ear = await place.client.subscribe(elsewhere, cb=_into(heard))
    before = await place.last()
    for verb, wish in (("MSG.NEXT", b'{"batch":5}'), ("RESET", b'{"seq":1}')):
        subject = f"$JS.API.CONSUMER.{verb}.{LOG}.subscriber-mallory"
        await mallory.client.publish(subject, wish, reply=elsewhere)

    assert await pulled(
        mallory.client, "subscriber-mallory"
    )  # those before it were answered too
    await place.client.flush()
    await ear.unsubscribe()
    assert heard == []
    assert await place.last() == before


def _into(heard: list[Msg]) -> Any:
    async def take(message: Msg) -> None:
        heard.append(message)

    return take


async def test_its_answers_do_not_set_back_another_subscriber(
    place: Place, mallory: Stranger
) -> None:
    async def alices() -> int:
        info = await place.client.jetstream().consumer_info(LOG, "subscriber-alice")
        return int(info.delivered.stream_seq)

    password = next(
        it for it in open_access(place.data / "nats").subscribers if it.name == "alice"
    )
    url = place.url.partition("@")[2]
    async with stranger(f"nats://subscriber-alice:{password.password}@{url}") as alice:
        await pulled(alice.client, "subscriber-alice")
    before = await alices()
    assert before > 0

    own = f"$JS.API.CONSUMER.RESET.{LOG}.subscriber-mallory"
    hers = f"$JS.API.CONSUMER.RESET.{LOG}.subscriber-alice"
    await mallory.client.publish(own, b'{"seq":1}', reply=hers)
    await pulled(mallory.client, "subscriber-mallory")

    assert await alices() == before


@pytest.mark.parametrize("login", ["", "ampledger:wrong@", "subscriber-mallory:wrong@"])
async def test_nobody_signs_in_without_a_password(place: Place, login: str) -> None:
    told: list[str] = []

    async def on_error(error: Exception) -> None:
        told.append(str(error))

    address = f"nats://{login}{place.url.rpartition('@')[2]}"
    with pytest.raises(NatsError):
        await nats.connect(
            address, allow_reconnect=False, max_reconnect_attempts=1, error_cb=on_error
        )
    assert any("authorization" in it.lower() for it in told)


# --- Coming and going ---


async def test_nobody_else_notices_that_a_subscriber_comes_and_goes(place: Place) -> None:
    lost: list[str] = []

    async def on_disconnected() -> None:
        lost.append("services")

    services = await nats.connect(place.url, disconnected_cb=on_disconnected)
    async with stranger(await added(place.data, "stays")) as stays:
        url = await added(place.data, "goes")
        async with stranger(url) as goes:
            code, said = await ampledger("subscriber", "remove", "goes", data=place.data)
            assert code == 0, said
            await until(_connected(goes.client), lambda it: not it)
            with pytest.raises(NatsError):
                await nats.connect(
                    url, allow_reconnect=False, max_reconnect_attempts=1, error_cb=_silent
                )
        assert await pulled(stays.client, "subscriber-stays")
        assert services.is_connected
        assert lost == []
    await services.close()
    names = [it.name for it in await place.client.jetstream().consumers_info(LOG)]
    assert "subscriber-goes" not in names
    assert "subscriber-stays" in names


def _connected(client: Client) -> Any:
    async def connected() -> bool:
        return bool(client.is_connected)

    return connected


async def _silent(_: Exception) -> None:
    """The test looks at what is raised."""


@pytest.mark.parametrize(
    ("words", "said_back"),
    [
        (("Billing",), "small letters"),
        (("a b",), "small letters"),
        (("x1", "--events=CircuitAded"), "is it CircuitAdded?"),
        (("x1", "--events=AddCircuit"), "is no event or reading"),
        (("alice",), "is a subscriber already"),
    ],
)
async def test_a_subscriber_that_cannot_be_is_refused(
    place: Place, mallory: Stranger, words: tuple[str, ...], said_back: str
) -> None:
    assert mallory.client.is_connected  # and alice has been added with her

    code, said = await ampledger("subscriber", "add", *words, data=place.data)

    assert code != 0
    assert said_back in " ".join(said.replace("│", " ").split())


async def test_one_that_is_no_subscriber_cannot_be_removed(place: Place) -> None:
    code, said = await ampledger("subscriber", "remove", "nobody", data=place.data)

    assert (code, "is no subscriber" in said) == (1, True), said


async def test_a_subscriber_added_while_nothing_runs_is_provided_for_later() -> None:
    with scratch_folder() as folder:
        data = folder / "data"
        code, said = await ampledger("subscriber", "add", "early", data=data)
        assert (code, "ampledger up" in said) == (2, True), said
        async with running(data):
            pass
        url = await added(data, "early", "CircuitAdded")
        assert url.endswith("HOST:PORT")
        async with running(data) as place:
            await place.announce(1)
            here = url.replace("HOST:PORT", place.url.rpartition("@")[2])
            async with stranger(here) as it:
                await until(_provided(place, "subscriber-early", LOG), bool)
                assert kinds_of(await pulled(it.client, "subscriber-early")) == ["CircuitAdded"]


def _provided(place: Place, user: str, jetstream: str) -> Any:
    async def provided() -> bool:
        names = [it.name for it in await place.client.jetstream().consumers_info(jetstream)]
        return user in names

    return provided


async def test_a_subscriber_is_led_to_the_jetstream_of_a_new_epoch() -> None:
    with scratch_folder() as folder:
        async with running(folder / "data") as place:
            await place.announce(1, 2)
            async with stranger(await added(place.data, "billing", "CircuitAdded")) as it:
                first = await pulled(it.client, "subscriber-billing")
                jetstream = await take_over(place.client.jetstream(), "installation", 2, head=2)
                await place.announce(7)
                await until(_provided(place, "subscriber-billing", jetstream), bool)
                await until(_provided(place, "subscriber-billing", LOG), lambda it: not it)
                second = await pulled(it.client, "subscriber-billing", jetstream)

    assert [it.metadata.sequence.stream for it in first] == [1, 3]
    assert [it.metadata.sequence.stream for it in second] == [1]
    assert second[0].metadata.stream == f"{LOG}_2"


# --- Somebody else's server ---


async def test_for_a_server_that_is_not_ours_it_says_what_to_configure(place: Place) -> None:
    url = f"{place.url}/"  # not how the run file spells it, so that it counts as another one
    try:
        code, said = await ampledger("subscriber", "add", "far", nats_url=url)

        assert code == 0, said
        assert '"subscriber-far": {' in said
        assert 'exports: [ { service: "$JS.API.CONSUMER.RESET.*.*"' in said
        assert 'account: "SERVICES"' in said
        assert open_access(place.data / "nats").password not in said
        assert await _provided(place, "subscriber-far", LOG)()
        code, said = await ampledger("subscriber", "list", nats_url=url)
        assert (code, "far" in said) == (0, True), said
        await place.client.jetstream().delete_consumer(LOG, "subscriber-far")
        code, said = await ampledger("subscriber", "refresh", nats_url=url)
        assert (code, f"far: {LOG}, TELEMETRY" in said) == (0, True), said
        assert await _provided(place, "subscriber-far", LOG)()
    finally:
        code, said = await ampledger("subscriber", "remove", "far", nats_url=url)
    assert (code, "configuration" in said) == (0, True), said
    assert not await _provided(place, "subscriber-far", LOG)()
