"""Requests, their answers, and consumers: nobody reaches into another's by a way round."""

import asyncio
import contextlib

import orjson
import pytest
from nats.js.errors import NotFoundError

from shared import subjects
from shared.denials import Denied
from shared.messages.telemetry import MeterReading, SetCurrentLimit
from shared.messaging import connect, ensure_jetstream, log_jetstream, telemetry_jetstream
from shared.pull import NotProvided, consumer_of, pulling
from shared.service_grants import SERVICES
from tests.support.servers import EmbeddedServers
from tests.support.signed_in import listening, may_say, signed_in

pytestmark = pytest.mark.integration

LOGS = tuple(name for name, row in SERVICES.items() if row.has_log)
QUIET_S = 0.3


@pytest.fixture
async def all_logs(own_servers: EmbeddedServers) -> None:
    """The jetstreams of all logs, and everybody's consumers on them, made by the operator."""
    operator = await connect(own_servers.nats_url, "test-operator")
    js = operator.jetstream()
    for owner in LOGS:
        await ensure_jetstream(js, log_jetstream(owner))
    await ensure_jetstream(js, telemetry_jetstream())
    for service, row in SERVICES.items():
        for owner in row.follows:
            await js.add_consumer(
                subjects.jetstream_of(owner), consumer_of(f"{service}-{owner}")
            )
    await operator.close()


@pytest.mark.usefixtures("all_logs")
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_follows_the_logs_it_needs_and_no_others(
    own_servers: EmbeddedServers, service: str
) -> None:
    followed = set()
    async with signed_in(own_servers, service) as client:
        for owner in LOGS:
            config = consumer_of(f"{service}-{owner}")
            with contextlib.suppress(Denied):
                async with pulling(client, subjects.jetstream_of(owner), config):
                    followed.add(owner)

    assert followed == set(SERVICES[service].follows)


@pytest.mark.usefixtures("all_logs")
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reaches_no_consumer_of_anothers(
    own_servers: EmbeddedServers, service: str
) -> None:
    async with signed_in(own_servers, service) as client:
        for other in sorted({*SERVICES} - {service}):
            for owner in SERVICES[other].follows:
                jetstream, name = subjects.jetstream_of(owner), f"{other}-{owner}"
                for about in (
                    f"$JS.API.CONSUMER.MSG.NEXT.{jetstream}.{name}",
                    f"$JS.API.CONSUMER.RESET.{jetstream}.{name}",
                    f"$JS.API.CONSUMER.INFO.{jetstream}.{name}",
                    f"$JS.ACK.{jetstream}.{name}.1.1.1.1.0",
                    f"$JS.ACK._.x.{jetstream}.{name}.1.1.1.1.0.x",
                ):
                    assert not await may_say(client, about), about


@pytest.mark.usefixtures("all_logs")
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_makes_and_changes_nothing_of_jetstream_not_even_its_own(
    own_servers: EmbeddedServers, service: str
) -> None:
    """A jetstream that republishes, and a consumer that is pushed, send what they hold to any subject."""
    jetstreams = (*(subjects.jetstream_of(it) for it in LOGS), "TELEMETRY", "OTHER")
    row = SERVICES[service]
    async with signed_in(own_servers, service) as client:
        for jetstream in (*jetstreams, subjects.jetstream_of(service, 2)):
            for verb in (
                "CREATE",
                "UPDATE",
                "DELETE",
                "PURGE",
                "MSG.DELETE",
                "RESTORE",
                "SNAPSHOT",
            ):
                assert not await may_say(client, f"$JS.API.STREAM.{verb}.{jetstream}"), verb
        for owner in row.follows or LOGS:
            jetstream, name = subjects.jetstream_of(owner), f"{service}-{owner}"
            for about in (
                f"$JS.API.CONSUMER.CREATE.{jetstream}",
                f"$JS.API.CONSUMER.CREATE.{jetstream}.{name}",
                f"$JS.API.CONSUMER.CREATE.{jetstream}.{name}.events.>",
                f"$JS.API.CONSUMER.DURABLE.CREATE.{jetstream}.{name}",
                f"$JS.API.CONSUMER.DELETE.{jetstream}.{name}",
                f"$JS.API.CONSUMER.PAUSE.{jetstream}.{name}",
            ):
                assert not await may_say(client, about), about


@pytest.mark.usefixtures("all_logs")
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_the_messages_of_its_own_and_of_followed_logs_only(
    own_servers: EmbeddedServers, service: str
) -> None:
    row = SERVICES[service]
    read = set()
    async with signed_in(own_servers, service) as client:
        for owner in LOGS:
            jetstream = subjects.jetstream_of(owner)
            about = (f"$JS.API.STREAM.MSG.GET.{jetstream}", f"$JS.API.STREAM.INFO.{jetstream}")
            may = {await may_say(client, it) for it in about}
            assert len(may) == 1
            read |= {owner} if may == {True} else set()
            assert not await may_say(client, f"$JS.API.DIRECT.GET.{jetstream}")

    assert read == {*row.follows} | ({service} if row.has_log else set())


@pytest.mark.usefixtures("all_logs")
async def test_a_consumer_that_is_not_there_yet_is_waited_for_and_not_made(
    own_servers: EmbeddedServers,
) -> None:
    async with signed_in(own_servers, "balancer") as client:
        with pytest.raises(NotProvided, match="ampledger nats provide"):
            async with pulling(client, "EVENTS_TELEMETRY", consumer_of("balancer-9-telemetry")):
                pass


@pytest.mark.usefixtures("all_logs")
async def test_an_answer_lands_nowhere_but_with_who_asked(own_servers: EmbeddedServers) -> None:
    """JetStream answers to whatever subject a request names; between accounts that leads back only."""
    foreign = subjects.event_named("installation", "SerialLocked", "garage-1")
    operator = await connect(own_servers.nats_url, "test-operator")
    stolen: list[str] = []

    async def hear(message: object) -> None:
        stolen.append(str(message))

    await operator.subscribe("events.>", cb=hear)
    await operator.subscribe("commands.>", cb=hear)
    await operator.flush()
    before = await operator.jetstream().stream_info("EVENTS_INSTALLATION")
    async with signed_in(own_servers, "telemetry") as client:
        own = "$JS.API.STREAM.INFO.EVENTS_TELEMETRY"
        for reply in (foreign, subjects.commands_of("installation").replace(">", "x.Forged")):
            await client.publish(own, b"", reply=reply)
        await client.flush()
        assert orjson.loads((await client.request(own, b"")).data)["config"]
    await asyncio.sleep(QUIET_S)
    after = await operator.jetstream().stream_info("EVENTS_INSTALLATION")
    await operator.close()

    assert stolen == []
    assert after.state.last_seq == before.state.last_seq


async def test_an_answer_to_another_service_is_not_heard(own_servers: EmbeddedServers) -> None:
    async def agree(message: object) -> None:
        await message.respond(b"for the balancer")  # type: ignore[attr-defined]

    limit = subjects.charger_command(SetCurrentLimit, "bay-1")
    async with (
        signed_in(own_servers, "telemetry") as gateway,
        signed_in(own_servers, "balancer") as balancer,
        listening(own_servers, "portal") as portal,
        listening(own_servers, "installation") as installation,
    ):
        await gateway.subscribe(limit, cb=agree)
        await gateway.flush()
        for ear in (portal, installation):
            assert await ear.may_hear("_INBOX.>")
            assert not await ear.may_hear("_R_.>")
        answer = await balancer.request(limit, b"{}")
        await asyncio.sleep(QUIET_S)

        assert answer.data == b"for the balancer"
        assert portal.heard == installation.heard == []


@pytest.mark.usefixtures("all_logs")
async def test_what_is_ones_own_goes_through(own_servers: EmbeddedServers) -> None:
    """A reading is stored and heard at once; an event is announced, followed and acknowledged."""
    reading = subjects.telemetry(MeterReading, "garage-1", "bay-1")
    event = subjects.event_named("telemetry", "SessionEnded", "garage-1")
    async with (
        signed_in(own_servers, "telemetry") as client,
        listening(own_servers, "portal") as portal,
        signed_in(own_servers, "balancer") as balancer,
    ):
        assert await portal.may_hear(subjects.telemetry_all(MeterReading))
        stored = await client.jetstream().publish(reading, b"16 A")
        await client.jetstream().publish(event, b"over")
        async with pulling(
            balancer, "EVENTS_TELEMETRY", consumer_of("balancer-telemetry")
        ) as pull:
            messages = await pull.batch()
            await messages[-1].ack_sync()
        await asyncio.sleep(QUIET_S)

        assert stored.stream == subjects.TELEMETRY_JETSTREAM
        assert portal.heard == [(reading, b"16 A")]
        assert [it.data for it in messages][-1] == b"over"


async def test_a_denial_ends_a_request_at_once(own_servers: EmbeddedServers) -> None:
    async with signed_in(own_servers, "portal") as client:
        started_s = asyncio.get_running_loop().time()
        with pytest.raises(Denied, match=r"charger\.bay-1"):
            await client.request(
                subjects.charger_command(SetCurrentLimit, "bay-1"), b"{}", timeout=30
            )
        with pytest.raises(Denied):
            await client.jetstream().stream_info("OTHER")

        assert asyncio.get_running_loop().time() - started_s < 15
        with pytest.raises(NotFoundError):  # the connection is as good as before
            await client.jetstream().stream_info("EVENTS_TELEMETRY_2")


async def test_without_a_key_nobody_gets_in(own_servers: EmbeddedServers) -> None:
    address = own_servers.nats_url.rpartition("@")[2]
    with pytest.raises(Exception, match=r"(?i)authorization|no servers"):
        await connect_once(f"nats://{address}")


async def connect_once(url: str) -> None:
    import nats

    client = await nats.connect(url, allow_reconnect=False, max_reconnect_attempts=1)
    await client.close()
