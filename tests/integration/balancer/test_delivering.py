"""What becomes of limits on their way, by a real NATS."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.balancer.delivering import ANSWER_S_MAX, Deliveries
from services.balancer.metrics import LIMITS
from shared import subjects
from shared.clock import uptime_s, utc_now
from shared.context import Context
from shared.messages import Answer, Verdict
from shared.messages.telemetry import SetCurrentLimit
from shared.messaging import connect, disconnect
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration

CONTEXT = Context(actor="balancer", correlation_id="c")


def limit(charger_id: str) -> SetCurrentLimit:
    return SetCurrentLimit(
        command_id="c",
        installation_id="here",
        charger_id=charger_id,
        limit_a=10.0,
        valid_until=utc_now() + timedelta(seconds=90),
        sequence=1,
        epoch=1,
    )


def counted(verdict: str) -> float:
    return float(LIMITS.labels(verdict)._value.get())


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  # it is told by nobody
            await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def client(servers: EmbeddedServers) -> AsyncIterator[Client]:
    opened = await connect(servers.nats_url, "test-deliveries")
    yield opened
    await disconnect(opened)


async def test_limits_are_sent_at_once_and_their_answers_counted(client: Client) -> None:
    heard: list[SetCurrentLimit] = []

    async def gateway(message: Msg) -> None:
        heard.append(SetCurrentLimit.model_validate_json(message.data))
        assert message.headers is not None
        assert message.headers["Ampledger-Actor"] == "balancer"
        if heard[-1].charger_id == "bay-1":
            answer = Answer(verdict=Verdict.ACCEPTED, position=3)
        else:
            answer = Answer(verdict=Verdict.REFUSED, refusal="EpochOver", detail="it is over")
        await message.respond(answer.model_dump_json().encode())

    await client.subscribe(subjects.charger_command(SetCurrentLimit, "*"), cb=gateway)
    deliveries = Deliveries(client)
    await deliveries.listen()
    accepted, refused = counted("accepted"), counted("EpochOver")
    first, second = limit("bay-1"), limit("bay-2")

    await deliveries.send(first, CONTEXT)
    await deliveries.send(second, CONTEXT)

    await until(lambda: counted("EpochOver") == refused + 1)
    assert counted("accepted") == accepted + 1
    assert heard == [first, second], "in the order in which they were sent"


async def test_a_limit_for_which_nobody_listens_is_undelivered_at_once(client: Client) -> None:
    deliveries = Deliveries(client)
    await deliveries.listen()
    before = counted("undelivered")

    await deliveries.send(limit("nobodys-bay"), CONTEXT)

    await until(lambda: counted("undelivered") == before + 1)


async def test_one_that_is_not_answered_is_given_up_once(client: Client) -> None:
    asked: list[Msg] = []

    async def silent(message: Msg) -> None:
        asked.append(message)

    await client.subscribe(subjects.charger_command(SetCurrentLimit, "quiet-bay"), cb=silent)
    deliveries = Deliveries(client)
    await deliveries.listen()
    before, accepted = counted("undelivered"), counted("accepted")
    await deliveries.send(limit("quiet-bay"), CONTEXT)
    await until(lambda: len(asked) == 1)

    deliveries.give_up(uptime_s())
    assert counted("undelivered") == before, "it has time left"
    deliveries.give_up(uptime_s() + ANSWER_S_MAX)
    deliveries.give_up(uptime_s() + ANSWER_S_MAX)
    assert counted("undelivered") == before + 1

    late = Answer(verdict=Verdict.ACCEPTED).model_dump_json().encode()
    await deliveries.on_answer(Msg(_client=client, subject=asked[0].reply, data=late))
    assert counted("accepted") == accepted, "it was given up already"
