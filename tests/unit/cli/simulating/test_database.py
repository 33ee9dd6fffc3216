"""The log in memory keeps the promises of the real one."""

import random
from datetime import UTC, datetime

import pytest

from cli.simulating.database import Database, MemoryLog
from cli.simulating.virtual import finished
from services.installation.claims import SERIAL
from shared.commits import CommandKnown, Commit, Conflict, LogHalted, StreamEvents, Taken
from shared.decider import Claim
from shared.messages.installation import PrioritySet
from shared.recorded import Meta
from shared.transact import ACCEPTED


def commit(number: int, at: int | None = None, *claims: Claim, stream: str = "a") -> Commit:
    event = PrioritySet(installation_id="i", charger_id="c", priority=1)
    return Commit(
        command_id=f"c{number}",
        fingerprint=b"f",
        answer=ACCEPTED,
        meta=Meta(actor="somebody", command_id=f"c{number}", correlation_id="x"),
        streams=[StreamEvents(stream, at, [event])],
        claims=claims,
    )


@pytest.fixture
def database() -> Database:
    return Database(random.Random(1), lambda: datetime(2027, 1, 1, tzinfo=UTC))  # noqa: S311  # ids only


def test_positions_are_dense_and_versions_count_streams(database: Database) -> None:
    for number, stream in enumerate("abab"):
        database.append(commit(number, number // 2, stream=stream))

    assert [it.position for it in database.entries] == [1, 2, 3, 4]
    assert [it.version for it in database.entries] == [1, 1, 2, 2]


def test_who_was_not_first_is_refused(database: Database) -> None:
    database.append(commit(1, 0))

    with pytest.raises(Conflict):
        database.append(commit(2, 0))


def test_a_command_is_taken_once(database: Database) -> None:
    database.append(commit(1, 0))

    with pytest.raises(CommandKnown) as known:
        database.append(commit(1, 0))
    assert known.value.first.answer.position == 1
    assert database.head == 1


def test_a_key_changes_hands_within_one_commit_and_is_held_by_one(database: Database) -> None:
    database.append(commit(1, None, Claim(SERIAL, "ZAP1", "i/a")))

    with pytest.raises(Taken):
        database.append(commit(2, None, Claim(SERIAL, "ZAP1", "i/b")))
    database.append(
        commit(
            3,
            None,
            Claim(SERIAL, "ZAP1", "i/b"),
            Claim(SERIAL, "ZAP1", "i/a", release=True),
        )
    )

    assert database.holders == {(SERIAL, "ZAP1"): "i/b"}
    assert database.head == 2


def test_a_crash_takes_what_was_on_no_disk_and_with_it_what_it_had_decided(
    database: Database,
) -> None:
    store = MemoryLog(database)
    finished(store.append(commit(1, 0)))
    database.append(commit(2, 1, Claim(SERIAL, "ZAP1", "i/a")))

    assert database.crash() == 1
    assert (database.head, database.versions, database.holders) == (1, {"a": 1}, {})
    assert database.first("c2") is None
    assert finished(store.first_answer("c1")) is not None


def test_nothing_is_appended_to_a_log_that_is_halted(database: Database) -> None:
    database.halted = ("it was restored", "restore")

    with pytest.raises(LogHalted, match="restored"):
        database.append(commit(1, 0))
