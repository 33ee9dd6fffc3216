"""Requests, their answers, and consumers: nobody reaches into another's by a way round."""

import asyncio

import orjson
import pytest
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from shared import subjects
from shared.denials import Denied
from shared.messages.telemetry import MeterReading, SetCurrentLimit
from shared.messaging import connect, ensure_jetstream, log_jetstream, telemetry_jetstream
from shared.pull import pulling
from shared.service_grants import SERVICES, jetstreams_of
from tests.support.servers import EmbeddedServers
from tests.support.signed_in import listening, may_say, signed_in

pytestmark = pytest.mark.integration

LOGS = tuple(name for name, row in SERVICES.items() if row.has_log)
QUIET_S = 0.3


def durable(name: str) -> ConsumerConfig:
    return ConsumerConfig(durable_name=name, ack_policy=AckPolicy.ALL)


@pytest.fixture
async def all_logs(own_servers: EmbeddedServers) -> None:
    """The jetstreams of all logs, made by the services themselves."""
    for owner in LOGS:
        async with signed_in(own_servers, owner) as client:
            await ensure_jetstream(client.jetstream(), log_jetstream(owner))
    async with signed_in(own_servers, "telemetry") as client:
        await ensure_jetstream(client.jetstream(), telemetry_jetstream())


@pytest.mark.usefixtures("all_logs")
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_follows_the_logs_it_needs_and_no_others(
    own_servers: EmbeddedServers, service: str
) -> None:
    followed = set()
    async with signed_in(own_servers, service) as client:
        for owner in LOGS:
            try:
                await client.jetstream().add_consumer(
                    subjects.jetstream_of(owner), durable(f"{service}-{owner}")
                )
                followed.add(owner)
            except Denied:
                continue

    assert followed == set(SERVICES[service].follows)


@pytest.mark.usefixtures("all_logs")
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_makes_and_takes_no_consumer_in_anothers_name(
    own_servers: EmbeddedServers, service: str
) -> None:
    async with signed_in(own_servers, service) as client:
        js = client.jetstream()
        for other in sorted({*SERVICES} - {service}):
            for owner in SERVICES[other].follows:
                jetstream, name = subjects.jetstream_of(owner), f"{other}-{owner}"
                with pytest.raises(Denied):
                    await js.add_consumer(jetstream, durable(name))
                with pytest.raises(Denied):
                    await js.delete_consumer(jetstream, name)
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
async def test_a_service_changes_no_jetstream_of_anothers(
    own_servers: EmbeddedServers, service: str
) -> None:
    kept = (*(subjects.jetstream_of(it) for it in LOGS), subjects.TELEMETRY_JETSTREAM, "OTHER")
    own = {*jetstreams_of(service), *SERVICES[service].jetstreams}
    async with signed_in(own_servers, service) as client:
        for jetstream in kept:
            for verb in (
                "DELETE",
                "PURGE",
                "MSG.DELETE",
                "SNAPSHOT",
                "RESTORE",
                "LEADER.STEPDOWN",
            ):
                assert not await may_say(client, f"$JS.API.STREAM.{verb}.{jetstream}"), verb
            if jetstream not in own or not SERVICES[service].has_log:
                assert not await may_say(client, f"$JS.API.STREAM.CREATE.{jetstream}")
                assert not await may_say(client, f"$JS.API.STREAM.UPDATE.{jetstream}")


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
        async with pulling(balancer, "EVENTS_TELEMETRY", durable("balancer-telemetry")) as pull:
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
