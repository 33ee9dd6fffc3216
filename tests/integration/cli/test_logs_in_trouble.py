"""`ampledger dlq`, `lag` and `log new-epoch`: what is wrong with a log or a follower, and the way on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from shared.followers import Follower
from tests.support.cli_place import FOLLOWER, CliPlace, cli_place
from tests.support.log_place import (
    JETSTREAM,
    SERVICE,
    WITHIN_S,
    Effects,
    complaint_of,
    relay_of,
    running,
)
from tests.support.servers import EmbeddedServers, running_servers
from tests.support.waiting import until

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_servers() -> AsyncIterator[EmbeddedServers]:
    async with running_servers() as running:
        yield running


@pytest_asyncio.fixture
async def place(own_servers: EmbeddedServers) -> AsyncIterator[CliPlace]:
    async with cli_place(own_servers) as made:
        yield made


@dataclass(slots=True)
class PortalEffects(Effects):
    """A follower in a database of its own, as the portal is."""

    @property
    def follower(self) -> Follower:
        return Follower(FOLLOWER, SERVICE, self.apply, self.reload, self.committed, self.wipe)


# --- Parked events ---


async def test_what_is_parked_is_listed_and_tried_again_when_it_is_mended(
    place: CliPlace,
) -> None:
    empty = await place.ampledger("dlq", "list")
    assert (empty.code, empty.out) == (0, "nothing is parked\n")

    await place.log.append("garage-1", 3)
    await place.log.append("garage-2", 1)
    effects = PortalEffects(place.follower, poison=frozenset({2}))
    async with running(relay_of(place.log).run()), running(effects.run()):
        await effects.until_at(4)
        listed = await place.ampledger("dlq", "list", "--json")
        assert listed.code == 1
        assert [(it["position"], it["first"], it["attempts"]) for it in listed.json] == [
            (2, True, 1),
            (3, False, 0),
        ]
        first = listed.json[0]
        assert (first["service"], first["log"], first["aggregate"], first["type"]) == (
            FOLLOWER,
            SERVICE,
            "garage-1",
            "CircuitAdded",
        )
        assert first["error"] == "ValueError: nobody understands 2"
        assert "nobody understands 2" in (await place.ampledger("dlq", "list")).out

        assert (await place.ampledger("dlq", "retry", FOLLOWER, "--dry-run")).code == 0
        effects.poison = frozenset()
        tried = await place.ampledger("dlq", "retry", FOLLOWER, "--aggregate", "garage-1")
        assert tried.code == 0, tried

        await until(effects.positions, lambda it: it == [1, 4, 2, 3], WITHIN_S)

    assert (await place.ampledger("dlq", "list")).code == 0
    assert (await place.ampledger("dlq", "retry", FOLLOWER)).code == 1


async def test_an_event_is_left_out_knowingly_and_on_record(place: CliPlace) -> None:
    await place.log.append("garage-1", 3)
    effects = PortalEffects(place.follower, poison=frozenset({1}))
    skip = ("dlq", "skip", FOLLOWER, SERVICE)
    why = ("--reason", "charger was never built")
    async with running(relay_of(place.log).run()), running(effects.run()):
        await effects.until_at(3)

        behind = await place.ampledger(*skip, "2", *why)
        assert behind.code == 1
        assert "waits behind event 1" in behind.err
        assert (await place.ampledger(*skip, "7", *why)).code == 1
        assert (await place.ampledger(*skip, "1")).code == 2, "a reason is needed"
        assert (await place.ampledger(*skip, "1", *why, "--dry-run")).code == 0
        assert await effects.positions() == []

        assert (await place.ampledger(*skip, "1", *why)).code == 0

        await until(effects.positions, lambda it: it == [2, 3], WITHIN_S)
    kept = await place.follower.pool.fetchrow("select * from skipped")
    assert (kept["position"], kept["reason"], kept["actor"]) == (1, why[1], "tester")
    assert kept["error"] == "ValueError: nobody understands 1"


async def test_a_service_that_does_not_exist_is_a_question_without_sense(
    place: CliPlace,
) -> None:
    said = await place.ampledger("dlq", "list", "kitchen")

    assert said.code == 2
    assert "there is no service 'kitchen'" in said.err


# --- Lag ---


async def test_lag_is_the_age_of_what_waits(place: CliPlace) -> None:
    await place.log.append("garage-1", 3)
    unannounced = await place.ampledger("lag", "--json", "--age-s-max", "0")
    (lag,) = unannounced.json
    assert unannounced.code == 1
    assert (lag["log"], lag["follower"], lag["position"], lag["head"]) == (SERVICE, None, 0, 3)
    assert lag["behind"] == 3
    assert lag["oldest_age_s"] > 0
    assert "event 1 is " in lag["faults"][0]

    effects = PortalEffects(place.follower)
    async with running(relay_of(place.log).run()), running(effects.run()):
        await effects.until_at(3)
        well = await place.ampledger("lag", "--json", "--age-s-max", "0")
        assert well.code == 0, well.out
        assert [(it["follower"], it["behind"], it["oldest_age_s"]) for it in well.json] == [
            (None, 0, None),
            (FOLLOWER, 0, None),
        ]
        shown = await place.ampledger("lag")
        assert "its jetstream" in shown.out

    async with running(relay_of(place.log).run()):
        await place.log.append("garage-1")
        await place.log.until_announced()
        stuck = await place.ampledger("lag", "--json", "--age-s-max", "0")
    assert stuck.code == 1
    assert stuck.json[1]["behind"] == 1
    assert stuck.json[1]["oldest_age_s"] > 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("heartbeat_at = heartbeat_at - interval '1 hour'", "it was last alive 36"),
        ("position = 9", "its cursor is beyond the end of the log"),
        ("log_epoch = 4", "it is at epoch 4 of the log, not 1"),
    ],
)
async def test_a_follower_in_trouble_is_told(place: CliPlace, change: str, says: str) -> None:
    await place.log.append("garage-1", 3)
    effects = PortalEffects(place.follower)
    async with running(relay_of(place.log).run()), running(effects.run()):
        await effects.until_at(3)
    await place.follower.pool.execute(f"update cursor set {change}")  # noqa: S608

    said = await place.ampledger("lag", "--json")

    assert said.code == 1
    assert any(says in it for it in said.json[1]["faults"]), said.json


# --- Epochs ---


async def test_a_restored_log_goes_on_after_the_operator_has_said_so(place: CliPlace) -> None:
    new_epoch = ("log", "new-epoch", SERVICE)
    effects = PortalEffects(place.follower)
    async with running(relay_of(place.log).run()), running(effects.run()):
        await place.log.append("garage-1", 9)
        await effects.until_at(9)
    async with cli_place(place.log.servers, announced=True) as restored:
        await restored.log.append("garage-2", 4)
        relay = relay_of(restored.log)
        effects = PortalEffects(restored.follower)
        async with running(relay.run()), running(effects.run()):
            complaint = await until(complaint_of(relay), bool, WITHIN_S)
            assert complaint is not None
            lag = await restored.ampledger("lag", "--json")
            assert lag.code == 1
            assert complaint in lag.json[0]["faults"]

            dry = await restored.ampledger(*new_epoch, "--dry-run", "--json")
            assert dry.code == 0, dry
            (loss,) = dry.json
            assert (loss["head"], loss["jetstream_last"], loss["common"]) == (4, 9, 0)
            assert [it["position"] for it in loss["lost_events"]] == list(range(1, 10))
            assert loss["lost_events"][0]["stream"] == "garage-1"
            assert (
                "9 announced events are lost"
                in (await restored.ampledger(*new_epoch, "--dry-run")).out
            )

            unsure = await restored.ampledger(*new_epoch, "--reason", "a disk was lost")
            assert unsure.code == 2, "there is nobody to ask"
            assert (await restored.ampledger(*new_epoch, "--yes")).code == 2, "why?"

            done = await restored.ampledger(*new_epoch, "--yes", "--reason", "a disk was lost")
            assert done.code == 0, done
            assert "epoch 2 has begun" in done.out

            await restored.log.check_announced()
            await until(effects.positions, lambda it: it == [1, 2, 3, 4], WITHIN_S)
            assert (await restored.ampledger("lag")).code == 0
            idle = await restored.ampledger("log", "new-epoch", "--yes", "--reason", "again")
            assert idle.code == 1, "no log is halted any more"
    info = await place.log.client.jetstream().stream_info(JETSTREAM)
    assert info.state.last_seq == 9
