"""What an electrician would say is asked for over NATS, of the set-up as it is."""

import pytest

from shared.messages.installation import ChangeCharger
from shared.notes_query import QUERY, SERVICE, ask_notes
from shared.subjects import query
from tests.integration.installation.desk import Desk, assign, serial_of, wish

pytestmark = pytest.mark.integration


async def test_notes_hold_for_as_long_as_what_they_are_about(desk: Desk) -> None:
    garage = await desk.garage("level-1")
    command = assign(garage, "level-1", serial_of(1))
    charger_id = command.chargers[0].charger_id
    told = (await desk.ask(command)).notes
    large = wish(ChangeCharger, garage, charger_id=charger_id, max_a=80)
    mended = wish(ChangeCharger, garage, charger_id=charger_id, max_a=16)

    assert await ask_notes(desk.client, garage) == told
    assert (await desk.ask(large)).accepted
    assert "maximum-above-breaker" in {it.code for it in await ask_notes(desk.client, garage)}
    assert (await desk.ask(mended)).accepted
    assert "maximum-above-breaker" not in {
        it.code for it in await ask_notes(desk.client, garage)
    }


async def test_of_what_is_not_there_nothing_is_said(desk: Desk) -> None:
    assert await ask_notes(desk.client, "nowhere") == ()


async def test_what_is_no_question_is_answered_with_a_fault(desk: Desk) -> None:
    reply = await desk.client.request(query(SERVICE, QUERY), b"what?", timeout=10)

    assert b"no question for Notes" in reply.data
