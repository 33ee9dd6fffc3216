"""What a log holds about an installation can be asked for over NATS, a page at a time."""

import pytest

from shared import subjects
from shared.acts_query import (
    ANSWER_BYTES_MAX,
    PAGE_MAX,
    QUERY,
    READ_MAX,
    ActsPage,
    answer_acts,
    ask_acts,
)
from shared.clock import utc_now
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages import Event
from shared.messages.permissions import AccessRefused
from shared.messages.telemetry import ChargerStatusChanged
from shared.messaging import ServiceUnavailable
from shared.recorded import Meta
from tests.support.log_place import ACCEPTED, Place

pytestmark = pytest.mark.integration

HERE, THERE = "harbour", "hill"
SERVICE = "permissions"


def refused(number: int, detail: str = "no role") -> AccessRefused:
    return AccessRefused(
        installation_id=HERE, asked_for=f"wish {number}", refusal="Forbidden", detail=detail
    )


async def append(store: EventStore, installation_id: str, *events: Event) -> None:
    command_id = new_id()
    meta = Meta(actor="person/ola", command_id=command_id, correlation_id="c")
    part = StreamEvents(f"at-{installation_id}", None, list(events))
    await store.append(Commit(command_id, b"", ACCEPTED, meta, [part]))


async def answering(place: Place) -> None:
    await answer_acts(place.client, SERVICE, place.store, lambda it: (f"at-{it}",))


async def test_what_comes_back_is_what_the_log_holds_of_that_place(place: Place) -> None:
    await append(place.store, HERE, refused(1), refused(2))
    await append(place.store, THERE, refused(3))
    await append(place.store, HERE, refused(4))
    await answering(place)

    found = (await ask_acts(place.client, [SERVICE], HERE))[SERVICE]

    assert list(found) == await place.store.load(f"at-{HERE}")


async def test_what_comes_by_the_thousand_is_left_out(place: Place) -> None:
    said = ChargerStatusChanged(
        installation_id=HERE,
        charger_id="bay-1",
        status="Available",
        error_code="NoError",
        reported_at=utc_now(),
    )
    await append(place.store, HERE, said, refused(1), said)
    await answering(place)

    found = (await ask_acts(place.client, [SERVICE], HERE))[SERVICE]

    assert [it.type for it in found] == ["AccessRefused"]


async def test_a_long_past_comes_in_pages_and_ends_where_nobody_reads_on(place: Place) -> None:
    many = READ_MAX + PAGE_MAX
    for first in range(0, many, PAGE_MAX):
        await append(place.store, HERE, *(refused(it) for it in range(first, first + PAGE_MAX)))
    await answering(place)

    found = (await ask_acts(place.client, [SERVICE], HERE))[SERVICE]

    positions = [it.position for it in found]
    assert positions == list(range(many - READ_MAX + 1, many + 1))


async def test_large_events_make_smaller_pages(place: Place) -> None:
    large = "x" * (ANSWER_BYTES_MAX // 8)
    await append(place.store, HERE, *(refused(it, large) for it in range(20)))
    await answering(place)

    found = (await ask_acts(place.client, [SERVICE], HERE))[SERVICE]

    assert [it.version for it in found] == list(range(1, 21))


async def test_a_question_that_makes_no_sense_is_answered_so(place: Place) -> None:
    await answering(place)
    subject = subjects.query(SERVICE, QUERY)

    for content in (b"", b"{}", b'{"installation_id": "a b"}', b'{"limit": 100000}', b"\xff"):
        reply = await place.client.request(subject, content, timeout=10)
        page = ActsPage.model_validate_json(reply.data)
        assert page.events == ()
        assert page.fault is not None


async def test_a_service_that_is_not_there_is_named(place: Place) -> None:
    with pytest.raises(ServiceUnavailable, match="nobody-here does not answer"):
        await ask_acts(place.client, ["nobody-here"], HERE)


async def test_a_log_that_cannot_be_read_is_no_empty_one(place: Place) -> None:
    await answering(place)
    await place.pool.execute("alter table event_log rename to elsewhere")
    try:
        with pytest.raises(ServiceUnavailable, match="cannot be read now"):
            await ask_acts(place.client, [SERVICE], HERE)
    finally:
        await place.pool.execute("alter table elsewhere rename to event_log")
