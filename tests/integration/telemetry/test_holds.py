"""Which gateway holds a charger, as the database has it, and who is alive."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from services.telemetry.burials import Burials
from services.telemetry.epochs import Epochs
from services.telemetry.histories import Fenced, Histories
from services.telemetry.holds import Holder, Holding, Holds
from services.telemetry.projections import Assignments
from services.telemetry.roster import Roster, TakenForDead, on_the_list
from services.telemetry.whereabouts import Whereabouts
from shared.event_store import EventStore
from shared.ids import new_id
from shared.messages.telemetry import ChargerConnected, ChargerDisconnected, CurrentLimitApplied
from tests.integration.telemetry.world import Place, World, soon

pytestmark = pytest.mark.integration

_HOLDS_LOCK = (
    " from pg_locks where locktype = 'advisory' and objsubid = 1"
    " and (classid::bigint << 32) | objid::bigint = hashtextextended($1, 7203322)"
)
END_SESSION = f"select pg_terminate_backend(pid){_HOLDS_LOCK}"
LOCKED = f"select exists (select{_HOLDS_LOCK})"


async def until_free(world: World, gateway_id: str) -> None:
    async def free() -> bool:
        return not await world.pool.fetchval(LOCKED, gateway_id)

    await world.until(free)


def nobody(_: str, __: int) -> None:
    """Nobody is robbed."""


async def nothing() -> None:
    """There is nothing to look after."""


def gateway(world: World, gateway_id: str = "") -> Holds:
    return Holds(world.pool, gateway_id or new_id(), Epochs(world.pool))


async def held(holds: Holds, place: Place) -> Holding:
    found = await holds.take(place.charger_id, place.serial)
    assert isinstance(found, Holding)
    return found


async def in_the_way(holds: Holds, place: Place) -> Holder:
    found = await holds.take(place.charger_id, place.serial)
    assert not isinstance(found, Holding)
    [holder] = found
    return holder


async def test_of_all_that_reach_for_a_charger_at_once_one_has_it(world: World) -> None:
    place = world.somewhere()
    gateways = [gateway(world) for _ in range(8)]

    found = await asyncio.gather(*(it.take(place.charger_id, place.serial) for it in gateways))

    assert len([it for it in found if isinstance(it, Holding)]) == 1


async def test_whoever_let_go_is_not_asked_again_and_hears_that_others_were_there(
    world: World,
) -> None:
    place, one, other = world.somewhere(), gateway(world), gateway(world)
    first = await held(one, place)
    assert (await in_the_way(other, place)).number == first.number

    await first.end()
    second = await held(other, place)
    await second.end()
    again = await held(one, place)
    once_more = await held(one, place)

    assert [it.others_between for it in (again, once_more)] == [True, False]
    assert not await first.look(place.installation_id)
    assert not await again.look(place.installation_id), "a newer one of the same gateway counts"
    assert await once_more.surely(place.installation_id)


async def test_whoever_is_robbed_knows_at_the_next_look_and_is_told(world: World) -> None:
    place, sleeper, other = world.somewhere(), gateway(world), gateway(world)
    old = await held(sleeper, place)
    told: list[str] = []
    old.on_lost = lambda: told.append("lost")

    await other.take_away(await in_the_way(other, place))
    new = await held(other, place)

    assert not await old.surely(place.installation_id)
    assert told == ["lost"]
    assert new.number == old.number + 1
    await other.take_away(Holder(place.charger_id, place.serial, "gone", 99))
    assert await new.look(place.installation_id), "who is too late takes nothing away"


async def test_hardware_that_is_held_at_another_place_is_in_the_way(world: World) -> None:
    former, place = world.somewhere(), world.somewhere()
    one, other = gateway(world), gateway(world)
    await held(one, former)

    found = await other.take(place.charger_id, former.serial)

    assert not isinstance(found, Holding)
    assert [it.charger_id for it in found] == [former.charger_id]


async def test_what_another_gateway_has_heard_of_balancers_counts_here(world: World) -> None:
    place, epochs = world.somewhere(), Epochs(world.pool)
    here = Holds(world.pool, new_id(), epochs)
    holding = await held(here, place)
    await Epochs(world.pool).see(place.installation_id, place.epoch + 7)

    await holding.look(place.installation_id)

    assert epochs.newest(place.installation_id) >= place.epoch + 7


async def test_whoever_lost_a_charger_puts_nothing_on_record(world: World) -> None:
    place = await world.assigned()
    assignments = Assignments(Whereabouts())
    await assignments.open(world.pool)
    assigned = assignments.get(place.serial)
    assert assigned is not None
    limit = CurrentLimitApplied(
        **place.ids,
        limit_a=16.0,
        valid_until=soon(60),
        sequence=1,
        epoch=place.epoch,
        applied_at=soon(0),
    )
    async with EventStore.open(world.pool) as store:
        sleeper, other = gateway(world), gateway(world)
        old = await Histories(store).of(assigned)
        old.holding = await held(sleeper, place)
        await old.record([limit])
        await other.take_away(await in_the_way(other, place))
        new = await Histories(store).of(assigned)
        new.holding = await held(other, place)
        await new.record([limit.model_copy(update={"sequence": 2})])

        with pytest.raises(Fenced):
            await old.record([limit.model_copy(update={"sequence": 9})])

        await new.record([limit.model_copy(update={"sequence": 3})])
        assert not await old.held()
    found = await world.events(place)
    assert [it.sequence for it in found if isinstance(it, CurrentLimitApplied)] == [1, 2, 3]


async def test_who_is_gone_is_buried_once_with_what_it_held(world: World) -> None:
    mine, theirs = await world.assigned(), await world.assigned()
    dead, alive = new_id(), new_id()
    assignments = Assignments(Whereabouts())
    await assignments.open(world.pool)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(EventStore.open(world.pool))
        histories = Histories(store)
        url = world.settings.database_url
        living = await stack.enter_async_context(on_the_list(url, alive))
        gone = Roster(url, dead)
        await gone.open()
        for place, gateway_id in ((mine, alive), (theirs, dead)):
            await held(gateway(world, gateway_id), place)
            assigned = assignments.get(place.serial)
            assert assigned is not None
            await (await histories.of(assigned)).record([_connected(place, gateway_id)])
        burials = Burials(gateway(world, alive), histories, assignments)
        await living.bury_gone(burials.bury)
        await living.buried()
        assert not await lost(world, theirs), "it lives"

        assert await world.pool.fetchval(END_SESSION, dead), "as when its process is gone"
        await until_free(world, dead)
        await living.bury_gone(burials.bury)
        await living.buried()

        assert await lost(world, theirs) == [dead]
        assert await lost(world, mine) == []
        with pytest.raises(TakenForDead):
            await asyncio.wait_for(gone.keep(burials.bury, nobody, nothing), 30)
        await gone.close()


def _connected(place: Place, gateway_id: str) -> ChargerConnected:
    return ChargerConnected(
        **place.ids,
        serial=place.serial,
        vendor="V",
        model="M",
        firmware=None,
        gateway_id=gateway_id,
        remote="127.0.0.1",
    )


async def lost(world: World, place: Place) -> list[str]:
    """Name the gateways with which a charger has lost its connection."""
    found = await world.events(place)
    return [it.gateway_id for it in found if isinstance(it, ChargerDisconnected)]
