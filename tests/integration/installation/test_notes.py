"""What an electrician would say is asked for over NATS, of the set-up as it is."""

import pytest

from shared.messages import Note
from shared.messages.installation_commands import ChangeCharger
from shared.messages.notices import SetUpNotes, SetUpNotesAnswer
from shared.subjects import query
from tests.integration.installation.desk import Desk, assign, serial_of, wish

pytestmark = pytest.mark.integration

ANSWER_S_MAX = 30.0


async def notes_of(desk: Desk, installation_id: str) -> tuple[Note, ...]:
    question = SetUpNotes(installation_id=installation_id).model_dump_json().encode()
    subject = query("installation", SetUpNotes.__name__)
    reply = await desk.client.request(subject, question, timeout=ANSWER_S_MAX)
    return SetUpNotesAnswer.model_validate_json(reply.data).notes


async def test_notes_hold_for_as_long_as_what_they_are_about(desk: Desk) -> None:
    garage = await desk.garage("level-1")
    command = assign(garage, "level-1", serial_of(1))
    charger_id = command.chargers[0].charger_id
    told = (await desk.ask(command)).notes
    large = wish(ChangeCharger, garage, charger_id=charger_id, max_a=80)
    mended = wish(ChangeCharger, garage, charger_id=charger_id, max_a=16)

    assert await notes_of(desk, garage) == told
    assert (await desk.ask(large)).accepted
    assert "maximum-above-breaker" in {it.code for it in await notes_of(desk, garage)}
    assert (await desk.ask(mended)).accepted
    assert "maximum-above-breaker" not in {it.code for it in await notes_of(desk, garage)}


async def test_of_what_is_not_there_nothing_is_said(desk: Desk) -> None:
    assert await notes_of(desk, "nowhere") == ()
