"""Which charger somebody means: by id, serial or name, where it stood at that moment."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.event_store import Commit, StreamEvents
from shared.ids import new_id
from shared.messages import InstallationEvent
from shared.recorded import Meta
from shared.transact import ACCEPTED
from tests.support.cli_place import CliPlace, cli_place
from tests.support.servers import EmbeddedServers
from tests.unit.history.facts import (
    BAY,
    ELSEWHERE,
    GARAGE,
    SERIAL,
    added,
    assigned,
    created,
    removed,
)

pytestmark = pytest.mark.integration

OTHER = "ZAP000777"


async def append(place: CliPlace, *events: InstallationEvent) -> None:
    [name] = {it.installation_id for it in events}
    meta = Meta(actor="test", command_id=new_id(), correlation_id="c")
    part = StreamEvents(f"installation-{name}", None, events)
    await place.log.store.append(Commit(meta.command_id, b"", ACCEPTED, meta, [part]))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(servers: EmbeddedServers) -> AsyncIterator[CliPlace]:
    """Two garages with a Bay 3 each; one of the serials was in the other garage before."""
    async with cli_place(servers) as found:
        there = {"installation_id": ELSEWHERE}
        await append(found, created(ELSEWHERE, time_zone="Asia/Tokyo"), added(**there))
        await append(found, assigned(SERIAL, "hill-3", **there))
        await append(found, removed(SERIAL, "hill-3", **there))
        await append(found, assigned(OTHER, "hill-4", name="Bay 3", **there))
        await append(found, created(), added(), assigned())
        yield found


async def test_a_name_that_several_chargers_have_is_not_guessed(place: CliPlace) -> None:
    several = await place.ampledger("explain", "Bay 3")
    one = await place.ampledger("explain", "Bay 3", "--installation", ELSEWHERE)

    assert several.code == 2
    assert f"hill-4 in {ELSEWHERE}" in several.err
    assert f"{BAY} in {GARAGE}" in several.err.replace("\n", " ")
    assert one.code == 0
    assert f"({OTHER})" in one.out


async def test_a_serial_is_explained_where_it_stood_at_that_moment(place: CliPlace) -> None:
    now = await place.ampledger("explain", SERIAL, "--json")
    before = await place.ampledger("explain", SERIAL, "--at", "position:3", "--json")
    between = await place.ampledger("explain", SERIAL, "--at", "position:4")

    assert now.json["installation_id"] == GARAGE
    assert (before.json["installation_id"], before.json["charger_id"]) == (ELSEWHERE, "hill-3")
    assert before.json["holds"] == "nothing"
    assert between.code == 2
    assert "stood anywhere at that moment" in between.err


async def test_a_charger_that_nobody_has_is_said_so(place: CliPlace) -> None:
    said = await place.ampledger("explain", "level-2")

    assert said.code == 2
    assert "the logs know no charger by the name 'level-2'" in said.err
