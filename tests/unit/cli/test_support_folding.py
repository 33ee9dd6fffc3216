"""Read models folded in memory, as the services fold them, and compared key by key."""

import pytest
from pydantic import BaseModel

from cli.support.comparing import compare
from cli.support.folding import Fold, Memory, UnknownStatement
from cli.support.registry import (
    PROJECTIONS,
    Folds,
    Projection,
    UnknownProjection,
    projection_of,
)
from shared.documents import Documents
from shared.messages.balancer import OverloadDetected
from shared.messages.notifications import WarningKind, WarningRaised
from shared.messages.permissions import (
    CardRegistered,
    MemberAdded,
    PlatformRole,
    PlatformRoleGranted,
    Role,
    RoleGranted,
)
from shared.messages.telemetry import Place, SessionStarted
from shared.phases import Phase
from shared.recorded import Recorded
from tests.unit.history.facts import (
    BAY,
    BEGIN,
    GARAGE,
    Log,
    added,
    allotted,
    balancer,
    connected,
    garage_with_a_charger,
    garage_with_a_locked_charger,
    refused,
    telemetry,
)


class Count(BaseModel):
    """How many circuits there are; one more than the third is too much for it."""

    circuits: int = 0


def counting(database: object) -> Folds:
    counts = Documents("count", Count)

    async def apply(connection: object, recorded: Recorded) -> None:
        if recorded.type == "CircuitAdded":
            key = recorded.event.aggregate_id
            before = counts.get(key) or Count()
            await counts.put(connection, key, Count(circuits=before.circuits + 1))
            if before.circuits >= 3:
                raise ValueError("too many circuits")

    async def reload() -> None:
        await counts.open(database)

    return Folds(apply, reload)


COUNTING = Projection("counter", "installation", ("count",), counting)


# --- Memory ---


async def test_documents_written_in_memory_are_read_back() -> None:
    memory, counts = Memory(), Documents("count", Count)
    await counts.put(memory, "a", Count(circuits=1))
    await counts.put(memory, "b", Count(circuits=2))
    await counts.remove(memory, "a")

    again = Documents("count", Count)
    await again.open(memory)

    assert again.all() == {"b": Count(circuits=2)}


async def test_what_fails_is_undone() -> None:
    memory, counts = Memory(), Documents("count", Count)
    await counts.put(memory, "a", Count(circuits=1))

    async def go_wrong() -> None:
        async with memory.acquire() as connection, connection.transaction():
            await counts.put(connection, "a", Count(circuits=2))
            await counts.put(connection, "b", Count())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await go_wrong()

    assert memory.documents == {("count", "a"): '{"circuits":1}'}


async def test_a_statement_that_memory_does_not_know_is_refused() -> None:
    with pytest.raises(UnknownStatement):
        await Memory().execute("update document set body = '{}'")


# --- Folding ---


async def test_a_fold_goes_on_where_it_was() -> None:
    log = garage_with_a_charger().events
    fold = Fold(COUNTING)

    await fold.take(log[:2])
    await fold.take(log[2:])

    assert fold.documents == {("count", GARAGE): '{"circuits":2}'}
    assert fold.position == len(log)


async def test_an_event_that_cannot_be_folded_parks_the_rest_of_its_stream_and_nothing_else() -> (
    None
):
    log = garage_with_a_charger()
    log.act(added("third"), added("fourth"))
    log.act(added("fifth"))
    log.act(added("yard", installation_id="other"))
    fold = Fold(COUNTING)

    await fold.take(log.events)

    assert fold.parked == {
        6: "ValueError: too many circuits",
        7: "it waits behind a parked event",
    }
    assert fold.documents == {
        ("count", GARAGE): '{"circuits":3}',
        ("count", "other"): '{"circuits":1}',
    }


async def test_what_the_service_passed_over_is_passed_over() -> None:
    log = garage_with_a_charger()
    fold = Fold(COUNTING)

    await fold.take(log.events, {2})

    assert fold.documents == {("count", GARAGE): '{"circuits":1}'}


def permissions() -> Log:
    log = Log("permissions", number=4)
    log.act(RoleGranted(installation_id=GARAGE, grantee="group/firm", role=Role.SERVICE))
    log.act(PlatformRoleGranted(grantee="group/firm", role=PlatformRole.INSTALLER))
    log.act(MemberAdded(group_id="firm", person_id="ada"))
    log.act(CardRegistered(person_id="ada", card_id="card-1", mark="a" * 64, sealed="x"))
    return log


def warned() -> Log:
    log = Log("notifications")
    log.act(
        WarningRaised(
            installation_id=GARAGE,
            warning_id="w-1",
            kind=WarningKind.CHARGER_OFFLINE,
            about=BAY,
            charger_id=BAY,
            since=BEGIN,
        )
    )
    return log


def past(service: str) -> list[Recorded]:
    """Tell a little of everything that a log is folded from."""
    if service == "installation":
        return garage_with_a_locked_charger().events
    if service == "permissions":
        return permissions().events
    if service == "notifications":
        return warned().events
    log = telemetry() if service == "telemetry" else balancer()
    if service == "telemetry":
        log.act(connected())
        log.act(
            SessionStarted(
                installation_id=GARAGE,
                charger_id=BAY,
                session_id="s-1",
                transaction_id=1,
                started_at=BEGIN,
                register_wh=0,
            )
        )
        log.act(refused("10.9.9.9", Place.ELSEWHERE, serial="ZAP000999"))
    else:
        log.act(allotted(8.0))
        log.act(
            OverloadDetected(
                installation_id=GARAGE,
                circuit_id="level-2",
                phase=Phase.L1,
                measured_a=70,
                set_a=63,
            )
        )
    return log.events


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda it: it.name)
async def test_every_read_model_folds_a_past_into_its_own_kinds(projection: Projection) -> None:
    """A fold that writes anything else, or asks its database for more, would be noticed here."""
    fold = Fold(projection)

    await fold.take(past(projection.heard))

    assert fold.parked == {}
    assert {kind for kind, _ in fold.memory.documents} == set(projection.all_kinds)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda it: it.name)
async def test_a_read_model_folded_in_two_steps_is_the_same(projection: Projection) -> None:
    log = past(projection.heard)
    once, twice = Fold(projection), Fold(projection)

    await once.take(log)
    for recorded in log:
        await twice.take([recorded])

    assert compare(once.documents, twice.documents, 0).equal


def test_a_read_model_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UnknownProjection, match="portal installation"):
        projection_of("portal", "weather")


# --- Comparing ---


def documents(**bodies: str) -> dict[tuple[str, str], str]:
    return {("layout", key): body for key, body in bodies.items()}


def test_the_same_documents_are_equal_however_they_are_written() -> None:
    found = compare(
        documents(a='{"x": 63, "y": [1, true]}'), documents(a='{"y":[1.0,true],"x":63.0}'), 0
    )

    assert found.equal
    assert found.kept_checksum == found.folded_checksum
    assert (found.kept, found.folded) == (1, 1)


def test_every_kind_of_difference_is_named_by_its_key() -> None:
    found = compare(
        documents(a='{"x":1}', b="{}", gone="{}"), documents(a='{"x":2}', b="{}", new="{}"), 0
    )

    assert not found.equal
    assert found.differing == (("layout", "a"),)
    assert found.only_kept == (("layout", "gone"),)
    assert found.only_folded == (("layout", "new"),)
    assert found.kept_checksum != found.folded_checksum


@pytest.mark.parametrize(("apart_s", "equal"), [(1, True), (31, False)])
def test_times_may_differ_by_as_much_as_is_said(apart_s: int, equal: bool) -> None:
    kept = documents(a='{"at":"2026-11-22T14:00:00+00:00"}')
    folded = documents(a=f'{{"at":"2026-11-22T14:00:{apart_s:02}Z"}}')

    assert compare(kept, folded, 30.0).equal is equal


@pytest.mark.parametrize(
    ("one", "other"),
    [("true", "1"), ("null", "0"), ('"1"', "1"), ("[]", "{}"), ("[1]", "[1,1]")],
)
def test_different_values_are_never_alike(one: str, other: str) -> None:
    assert not compare(documents(a=one), documents(a=other), 30.0).equal
