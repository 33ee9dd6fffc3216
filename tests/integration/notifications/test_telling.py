"""From what happens to who is told: real logs, a real mail server, a real server of webhooks."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio

from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages.installation import ChargerAssigned
from shared.messages.notices import DeadLetters, DeadLettersAnswer
from shared.messages.notifications import (
    AcknowledgeWarning,
    AddWebhook,
    ChooseNotifications,
    OrderReport,
    Pace,
    PingWebhook,
    ReplayDeadLetters,
    RotateWebhookSecret,
    Unsubscribe,
    WarningKind,
)
from shared.messages.permissions import ForgetPerson, InvitePerson, Role
from shared.messages.reports import MakeReport, ReportFile, ReportFormat, ReportMade
from shared.messages.telemetry import ChargerStatusChanged, FaultReported
from shared.messaging import request
from shared.phases import PHASES
from shared.runtime import pool_of
from tests.integration.notifications.world import (
    GARAGE,
    World,
    created,
    granted,
    world_of_warnings,
)
from tests.support.waiting import until

AT = datetime(2026, 11, 27, tzinfo=UTC)
ALL = tuple(WarningKind)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world() -> AsyncIterator[World]:
    async with world_of_warnings() as world:
        yield world


def charger(charger_id: str, installation_id: str = GARAGE) -> ChargerAssigned:
    return ChargerAssigned(
        installation_id=installation_id,
        circuit_id="main",
        charger_id=charger_id,
        serial=f"ZAP-{charger_id}-{installation_id}"[:25].upper(),
        name=f"Bay {charger_id}",
        wiring=PHASES,
        max_a=32,
        min_a=6,
        breaker_a=None,
        fail_safe_a=6,
        moved_from=None,
    )


def fault(charger_id: str, installation_id: str = GARAGE) -> FaultReported:
    return FaultReported(
        installation_id=installation_id,
        charger_id=charger_id,
        error_code="GroundFailure",
        reported_at=AT,
    )


def well(charger_id: str) -> ChargerStatusChanged:
    return ChargerStatusChanged(
        installation_id=GARAGE,
        charger_id=charger_id,
        status="Available",
        error_code="NoError",
        reported_at=AT,
    )


async def invite(world: World, person_id: str) -> None:
    command = InvitePerson(
        command_id=new_id(),
        person_id=person_id,
        email=f"{person_id}@example.com",
        name=person_id.capitalize(),
    )
    subject = subjects.command(InvitePerson, person_id)
    assert (
        await request(world.client, command, subject, Context("operator", new_id()))
    ).accepted


async def choose(
    world: World, person_id: str, installation_id: str = GARAGE, **more: Any
) -> None:
    fields: dict[str, Any] = {"kinds": ALL, "pace": Pace.AT_ONCE, **more}
    command = ChooseNotifications(
        command_id=new_id(), installation_id=installation_id, person_id=person_id, **fields
    )
    assert (await world.ask(command)).accepted


async def test_what_happens_is_told_once_though_the_service_is_killed_in_between(
    world: World,
) -> None:
    for person in ("ada", "dan", "eve"):
        await invite(world, person)
    await world.tell(
        created(),
        *(charger(it) for it in ("b1", "b2", "b3")),
        granted("ada", Role.OWNER),
        granted("dan", Role.USER),
        granted("eve", Role.SERVICE),
    )
    letters, program = world.postbox.letters, world.program
    async with world.start() as running:
        await choose(world, "ada", language="nb")
        await choose(world, "eve", pace=Pace.NEVER)
        add = AddWebhook(
            command_id=new_id(),
            installation_id=GARAGE,
            webhook_id="ops",
            url=program.url,
            kinds=ALL,
        )
        first, again = await world.ask(add), await world.ask(add)
        assert first.shown_once is not None
        assert again.shown_once is None
        program.secrets = [first.shown_once[0].secret]

        await world.tell(fault("b1"), fault("b2"))
        open_ones = await world.until_warned(2)
        await until(lambda: _len(program.taken), lambda it: it == 2, 20.0)
        await running.kill()  # before the e-mail: it waits for more

    async with world.start():
        await until(lambda: _len(letters), lambda it: it == 1, 30.0)
        await world.tell(well("b1"))
        await world.until_warned(1)
        await until(lambda: _len(program.taken), lambda it: it == 3, 20.0)

        [letter] = letters
        assert letter["To"] == "ada@example.com"
        text = str(letter.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        assert "Bay b1" in text
        assert "Bay b2" in text
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert program.types() == ["warning.raised", "warning.raised", "warning.cleared"]
        assert len(set(program.tried)) == 3
        assert {it["data"]["installation"] for it in program.taken} == {"Harbour garage"}
        assert {it.warning.warning_id for it in open_ones} == {
            it["data"]["warning_id"] for it in program.taken
        }


async def test_somebody_takes_notice_and_programs_hear_of_it(world: World) -> None:
    async with world.start():
        [line] = await world.until_warned(1)
        command = AcknowledgeWarning(
            command_id=new_id(),
            installation_id=GARAGE,
            warning_id=line.warning.warning_id,
            note="on my way",
        )

        assert (await world.ask(command)).accepted

        [taken] = await until(world.warnings, lambda it: it[0].acknowledged_by)
        assert (taken.note, taken.acknowledged_by) == ("on my way", "operator")
        await until(
            lambda: _len(world.program.taken),
            lambda _: "warning.acknowledged" in world.program.types(),
        )


async def test_a_rotated_secret_and_the_one_before_both_sign(world: World) -> None:
    async with world.start():
        rotate = RotateWebhookSecret(
            command_id=new_id(), installation_id=GARAGE, webhook_id="ops"
        )
        answer = await world.ask(rotate)
        assert answer.shown_once is not None
        world.program.secrets.append(answer.shown_once[0].secret)
        ping = PingWebhook(command_id=new_id(), installation_id=GARAGE, webhook_id="ops")

        assert (await world.ask(ping)).accepted

        await until(
            lambda: _len(world.program.taken), lambda _: "ping" in world.program.types()
        )
        assert len(set(world.program.secrets)) == 2


async def test_a_program_that_wants_no_more_is_given_up_and_told_again_on_request(
    world: World,
) -> None:
    program = world.program
    async with world.start():
        program.status = 410
        await world.tell(fault("b3"))

        async def dead() -> list[Any]:
            subject = subjects.operator_query("notifications", DeadLetters.__name__)
            query = DeadLetters(installation_id=GARAGE).model_dump_json().encode()
            reply = await world.client.request(subject, query, timeout=5)
            return list(DeadLettersAnswer.model_validate_json(reply.data).letters)

        [letter, *_] = await until(dead, len, 20.0)
        assert letter.fault == "it answered 410"
        kinds = {it.warning.kind for it in await world.until_warned(3)}
        assert WarningKind.DELIVERY_FAILED in kinds

        program.status = 200
        before = len(program.taken)
        replay = ReplayDeadLetters(
            command_id=new_id(), installation_id=GARAGE, webhook_id="ops"
        )
        assert (await world.ask(replay)).accepted

        await until(dead, lambda it: not it, 20.0)
        await until(lambda: _len(program.taken), lambda it: it > before, 20.0)
        assert letter.delivery_id in {it["id"] for it in program.taken}
        await world.until_warned(2)


async def test_a_redirect_is_not_followed(world: World) -> None:
    async with world.start():
        world.program.status = 302
        before = len(world.program.tried)
        ping = PingWebhook(command_id=new_id(), installation_id=GARAGE, webhook_id="ops")
        await world.ask(ping)

        await until(lambda: _len(world.program.tried), lambda it: it > before + 1, 30.0)

        world.program.status = 200
        await until(
            lambda: _len(world.program.taken),
            lambda _: world.program.taken[-1]["id"] == world.program.tried[-1],
            60.0,
        )


async def test_the_link_in_an_e_mail_ends_e_mails_and_another_one_does_not(
    world: World,
) -> None:
    text = str(world.postbox.letters[0]["List-Unsubscribe"])
    found = re.search(r"mark=([0-9a-f]{64})", text)
    assert found is not None
    async with world.start():

        async def end(person_id: str, mark: str) -> bool:
            command = Unsubscribe(
                command_id=new_id(), installation_id=GARAGE, person_id=person_id, mark=mark
            )
            subject = subjects.asked(Unsubscribe, GARAGE)
            context = Context("person/anonymous", new_id())
            return (await request(world.client, command, subject, context)).accepted

        assert not await end("eve", found[1])
        assert await end("ada", found[1])


async def test_a_report_that_is_owed_is_sent_once_though_the_portal_is_away(
    world: World,
) -> None:
    run = new_id()[-8:]  # tried again, it owes another one
    place, hal = f"garage-{run}", f"hal-{run}"
    await invite(world, hal)
    await world.tell(created(place), granted(hal, Role.OWNER, place))
    before = len(world.postbox.letters)
    async with world.start() as running:
        order = OrderReport(
            command_id=new_id(),
            installation_id=place,
            order_id="monthly",
            day=3,
            formats=(ReportFormat.CSV,),
            recipients=(hal,),
        )
        answer = await until(lambda: world.ask(order), lambda it: it.accepted)
        assert answer.position > 0
        owe = """insert into delivery (delivery_id, installation_id, way, kind, target, cause,
            order_id, body, made_at, tried_from, due_at) values ($2, $1, 'EMAIL', 'REPORT', $3,
            'report:monthly:2026-10', 'monthly', '2026-10', now(), now(),
            now() + interval '3 seconds')"""  # as always, it is owed when the order has been heard of
        async with pool_of(running.database_url) as pool:
            await pool.execute(owe, place, run, hal)
            tried = "select attempts from delivery where delivery_id = $1 and fault <> ''"
            await until(lambda: pool.fetchval(tried, run), bool, 20.0)

            async def make(message: Any) -> None:
                asked = MakeReport.model_validate_json(message.data)
                content = b64encode(asked.month.encode()).decode()
                file = ReportFile(
                    name="r.csv", media_type="text/csv", content=content, path="/r.csv"
                )
                made = ReportMade(title="Report", lines=("12 sessions.",), files=(file,))
                await message.respond(made.model_dump_json().encode())

            subject = subjects.query("portal", MakeReport.__name__)
            portal = await world.client.subscribe(subject, cb=make)
            letters = world.postbox.letters
            await until(lambda: _len(letters), lambda it: it > before, 40.0)
            done = "select recorded from delivery where delivery_id = $1"
            await until(lambda: pool.fetchval(done, run), bool, 20.0)
            await portal.unsubscribe()

    assert [it["To"] for it in letters[before:]] == [f"{hal}@example.com"]
    [attached] = letters[-1].iter_attachments()
    assert attached.get_payload(decode=True) == b"2026-10"


async def test_whoever_is_forgotten_is_sent_nothing(world: World) -> None:
    place = "garage-2"
    for person in ("fay", "gus"):
        await invite(world, person)
    await world.tell(
        created(place),
        charger("b9", place),
        granted("fay", Role.OWNER, place),
        granted("gus", Role.OWNER, place),
    )
    forget = ForgetPerson(command_id=new_id(), person_id="fay")
    async with world.start():
        await choose(world, "fay", place)
        await choose(world, "gus", place)
        await request(
            world.client,
            forget,
            subjects.command(ForgetPerson, "fay"),
            Context("operator", new_id()),
        )
        before = len(world.postbox.letters)
        await world.tell(fault("b9", place))

        await until(lambda: _len(world.postbox.letters), lambda it: it > before, 30.0)

    assert [it["To"] for it in world.postbox.letters[before:]] == ["gus@example.com"]


async def _len(them: list[Any]) -> int:
    return len(them)
