"""What was begun is finished: a process that dies in between leaves nobody's key behind."""

import pytest

from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages.people import FORGOTTEN, People, PeopleAnswer
from shared.messages.permissions import PersonForgotten, RenamePerson
from shared.recorded import Meta
from shared.transact import ACCEPTED
from tests.integration.permissions.desk import Desk, desk_at
from tests.support.servers import EmbeddedServers


async def keys_of(desk: Desk, person_id: str) -> int:
    found: int = await desk.log.pool.fetchval(
        "select count(*) from person_key where person_id = $1", person_id
    )
    return found


async def test_a_key_is_destroyed_although_the_process_died_after_the_append(
    servers: EmbeddedServers,
) -> None:
    async with desk_at(servers) as desk:
        person_id = await desk.invite(f"{new_id()}@example.com")
        other = await desk.invite(f"{new_id()}@example.com")
        database_url = desk.process.database_url
        await desk.process.stop()
        command_id = new_id()
        event = PersonForgotten(person_id=person_id)
        commit = Commit(
            command_id=command_id,
            fingerprint=b"",
            answer=ACCEPTED,
            meta=Meta(actor="operator", command_id=command_id, correlation_id="test"),
            streams=[StreamEvents(f"person-{person_id}", None, [event])],
        )
        async with EventStore.open(desk.log.pool) as log:
            await log.append(commit)
        assert await keys_of(desk, person_id) == 1

    async with desk_at(servers, database_url=database_url) as desk:
        assert await keys_of(desk, person_id) == 0
        assert await keys_of(desk, other) == 1
        said = await desk.query(People(person_ids=(person_id,)), PeopleAnswer)
        assert [it.name for it in said.people] == [FORGOTTEN]
        renamed = await desk.order(RenamePerson, person_id=person_id, name="Back again")
        assert renamed.refusal == "UnknownPerson"


async def test_a_master_key_is_replaced_and_the_former_one_is_needed_no_more(
    servers: EmbeddedServers,
) -> None:
    email = f"{new_id()}@example.com"
    file = servers.folder / "replaced.key"
    environment = {"AMPLEDGER_MASTER_KEY_FILE": str(file)}
    former, newest = "ab" * 32, "cd" * 32
    file.write_text(f"{former}\n")
    async with desk_at(servers, environment) as desk:
        person_id = await desk.invite(email)
        database_url = desk.process.database_url

    for keys in (f"{newest}\n{former}\n", f"{newest}\n"):
        file.write_text(keys)
        async with desk_at(servers, environment, database_url) as desk:
            said = await desk.query(People(person_ids=(person_id,)), PeopleAnswer)
            assert [it.name for it in said.people] == [email]


async def test_a_master_key_that_belongs_elsewhere_keeps_the_service_from_starting(
    servers: EmbeddedServers, capfd: pytest.CaptureFixture[str]
) -> None:
    async with desk_at(servers) as desk:
        await desk.invite(f"{new_id()}@example.com")
        database_url = desk.process.database_url

    other = servers.folder / "other.key"
    other.write_text("ab" * 32)
    environment = {"AMPLEDGER_MASTER_KEY_FILE": str(other)}
    with pytest.raises(AssertionError, match="has ended"):
        async with desk_at(servers, environment, database_url):
            pass

    assert (
        "start permissions with the one that belongs to its database" in capfd.readouterr().err
    )
