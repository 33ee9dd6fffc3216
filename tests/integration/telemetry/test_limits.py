"""Limits from the balancer: sent in order, answered truly, fenced by epoch."""

import asyncio
from typing import Any

import pytest
from nats.errors import NoRespondersError

from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.telemetry import (
    ChargerDisconnected,
    CurrentLimitApplied,
    CurrentLimitRejected,
    SetCurrentLimit,
    StartCharging,
)
from shared.messaging import ServiceUnavailable, request
from tests.integration.telemetry.raw_charger import SILENCE, plugged_in
from tests.integration.telemetry.world import World, soon

pytestmark = pytest.mark.integration


async def test_a_limit_is_sent_confirmed_and_put_on_record(world: World) -> None:
    place = await world.assigned()
    until = soon(120)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        answer = await world.limit(place, 1, 16.07, valid_until=until, correlation_id="wish-1")
        (profile,) = await charger.limits(1)

    assert answer.accepted
    assert profile["stackLevel"] == 1
    assert profile["validTo"].startswith(until.isoformat()[:19])
    assert profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 16.0
    applied = await world.event(place, CurrentLimitApplied)
    assert (applied.limit_a, applied.sequence, applied.epoch) == (16.0, 1, place.epoch + 1)
    assert applied.valid_until == until
    assert applied.applied_at < until
    (recorded,) = [
        it
        for it in await world.log.load(f"charger-{place.charger_id}")
        if it.type == "CurrentLimitApplied"
    ]
    assert recorded.meta.correlation_id == "wish-1"
    assert recorded.meta.actor == "balancer"
    assert answer.position == recorded.position


async def test_a_charger_that_rejects_a_limit_keeps_what_it_had(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.answers["SetChargingProfile"] = {"status": "Rejected"}

        answer = await world.limit(place, 1)
        again = await world.limit(place, 1)

        charger.answers.pop("SetChargingProfile")
        error = await world.limit(place, 2)
        assert len(await charger.limits(2)) == 2

    assert (answer.refusal, again.refusal) == ("RejectedByCharger", "RejectedByCharger")
    assert (error.refusal, "NotImplemented" in str(error.detail)) == ("RejectedByCharger", True)
    rejected = [it for it in await world.events(place) if isinstance(it, CurrentLimitRejected)]
    assert [(it.sequence, it.status) for it in rejected] == [
        (1, "Rejected"),
        (2, "NotImplemented"),
    ]


@pytest.mark.parametrize("answer", [SILENCE, {"status": "perhaps"}])
async def test_a_charger_that_does_not_answer_leaves_it_open(
    world: World, answer: dict[str, Any]
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.answers["SetChargingProfile"] = answer
        before = await world.events(place)

        unanswered = await world.limit(place, 1)
        after = await world.events(place)
        charger.answers["SetChargingProfile"] = {"status": "Accepted"}
        older = await world.limit(place, 1, epoch=1)

    assert unanswered.refusal == "NoAnswer"
    assert before == after
    assert older.accepted, "what was never answered may be sent again"


async def test_a_connection_lost_meanwhile_leaves_it_open(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(
        world.gateway, place.serial, {"SetChargingProfile": {"status": "Accepted"}}
    ) as charger:
        await charger.boot_until_accepted()
        charger.answers["SetChargingProfile"] = SILENCE
        asking = asyncio.create_task(world.limit(place, 1))
        await charger.limits(1)
        waiting = asyncio.create_task(world.limit(place, 2))
        await asyncio.sleep(0.1)  # it waits in line, which nobody can see from outside

    assert (await asking).refusal == "NoAnswer"
    assert (await waiting).refusal == "ChargerNotReady"


async def test_a_repeated_limit_gets_its_first_answer_and_is_not_sent_again(
    world: World,
) -> None:
    place = await world.assigned()
    command_id, until = new_id(), soon(120)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        first = await world.limit(place, 1, command_id=command_id, valid_until=until)
        again = await world.limit(place, 1, command_id=command_id, valid_until=until)
        by_sequence = await world.limit(place, 1)
        other = await world.limit(place, 2, command_id=command_id, valid_until=until)
        assert len(await charger.limits(1)) == 1

    assert first == again
    assert by_sequence.accepted
    assert other.refusal == "CommandIdReused"


async def test_an_older_limit_is_refused(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        assert (await world.limit(place, 7)).accepted

        answer = await world.limit(place, 6)

        assert answer.refusal == "StaleSequence"
        assert len(await charger.limits(1)) == 1


async def test_an_older_epoch_is_refused_even_after_a_restart(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        assert (await world.limit(place, 1, epoch=2)).accepted

        assert (await world.limit(place, 2, epoch=1)).refusal == "StaleEpoch"

        await world.service.stop()
        await world.service.start()

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.call("Heartbeat", {})
        assert (await world.limit(place, 2, epoch=1)).refusal == "StaleEpoch"
        assert (await world.limit(place, 1, epoch=3)).accepted
        assert (await world.limit(place, 9, epoch=2)).refusal == "StaleEpoch"


async def test_an_epoch_holds_for_all_installations_of_its_partition(world: World) -> None:
    first = await world.assigned()
    partition = subjects.partition_of(first.installation_id)
    while subjects.partition_of((second := world.somewhere()).installation_id) != partition:
        pass
    second = await world.assigned(place=second)
    second.epoch = first.epoch
    async with (
        plugged_in(world.gateway, first.serial) as charger,
        plugged_in(world.gateway, second.serial) as neighbour,
    ):
        await charger.boot_until_accepted()
        await neighbour.boot_until_accepted()

        assert (await world.limit(first, 1, epoch=5)).accepted

        assert (await world.limit(second, 1, epoch=4)).refusal == "StaleEpoch"


async def test_before_a_charger_is_accepted_no_limit_is_sent(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:

        async def answered() -> Answer | None:
            try:
                return await world.limit(place, 1)
            except ServiceUnavailable:
                return None  # the gateway has not begun to listen for this charger

        before = await world.until(answered)
        await charger.boot_until_accepted()
        after = await world.limit(place, 1)

    assert (before.refusal, after.refusal) == ("ChargerNotReady", None)


async def test_a_lease_that_is_over_is_refused(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        answer = await world.limit(place, 1, valid_until=soon(-1))

    assert answer.refusal == "LimitExpired"


async def test_only_the_newest_of_the_waiting_limits_is_sent(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.answers["SetChargingProfile"] = SILENCE
        asked = [asyncio.create_task(world.limit(place, 1))]
        await charger.limits(1)
        charger.answers["SetChargingProfile"] = {"status": "Accepted"}

        asked += [asyncio.create_task(world.limit(place, sequence)) for sequence in (2, 3, 4)]
        answers: list[Answer] = await asyncio.gather(*asked)
        profiles = await charger.limits(2)

    assert [it.refusal for it in answers] == ["NoAnswer", "Superseded", "Superseded", None]
    assert len(profiles) == 2


async def test_a_slow_charger_delays_nobody_else(world: World) -> None:
    slow, quick = await world.assigned(), await world.assigned()
    async with (
        plugged_in(world.gateway, slow.serial) as charger,
        plugged_in(world.gateway, quick.serial) as neighbour,
    ):
        await charger.boot_until_accepted()
        await neighbour.boot_until_accepted()
        charger.answers["SetChargingProfile"] = SILENCE
        waiting = asyncio.create_task(world.limit(slow, 1))
        await charger.limits(1)

        answer = await world.limit(quick, 1)

        assert answer.accepted
        assert not waiting.done()
        assert (await waiting).refusal == "NoAnswer"


async def test_a_command_that_cannot_be_read_is_answered(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        subject = subjects.charger_command(SetCurrentLimit, place.charger_id)

        reply = await world.client.request(subject, b'{"limit_a": "much"}', timeout=10)

    answer = Answer.model_validate_json(reply.data)
    assert answer.refusal == "InvalidCommand"
    assert "limit_a" in str(answer.detail)


async def test_with_the_connection_the_ear_for_its_commands_is_gone(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
    await world.event(place, ChargerDisconnected)
    subject = subjects.charger_command(SetCurrentLimit, place.charger_id)

    async def nobody_listens() -> bool:
        try:
            await world.client.request(subject, b"{}", timeout=10)
        except NoRespondersError:
            return True
        return False

    await world.until(nobody_listens)


async def test_a_wish_that_waits_for_its_charger_keeps_no_limit_waiting(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.answers["RemoteStartTransaction"] = SILENCE
        wish = StartCharging(**place.ids, command_id=new_id())
        subject = subjects.charger_command(StartCharging, place.charger_id)
        context = Context("operator", "c")
        waiting = asyncio.create_task(request(world.client, wish, subject, context, 10.0))
        await charger.was_asked("RemoteStartTransaction")

        assert (await world.limit(place, 1)).accepted
        assert (await waiting).refusal == "NoAnswer"
