"""How a gateway that stops lets its chargers go."""

import asyncio

from services.telemetry.draining import SERVICE_RESTART, let_go

CHARGERS = 40


class Here:
    """Chargers that are connected, and leave when they are told to."""

    def __init__(self, count: int) -> None:
        self.present = [Leaving(self, number) for number in range(count)]
        self.told: list[int] = []


class Leaving:
    def __init__(self, here: Here, number: int) -> None:
        self._here = here
        self._number = number

    async def close(self, reason: str, code: int) -> None:
        assert (reason, code) == ("the gateway stops", SERVICE_RESTART)
        self._here.told.append(self._number)
        await asyncio.sleep(0)
        self._here.present.remove(self)


async def test_everybody_is_told_once_and_in_no_order() -> None:
    here = Here(CHARGERS)

    await let_go(lambda: here.present, 0.2, asyncio.Event())

    assert sorted(here.told) == list(range(CHARGERS))
    assert here.told != sorted(here.told)
    assert not here.present


async def test_they_go_over_the_time_that_is_set_and_faster_when_somebody_is_in_a_hurry() -> (
    None
):
    here, hurry = Here(CHARGERS), asyncio.Event()
    draining = asyncio.create_task(let_go(lambda: here.present, 3600.0, hurry))
    await asyncio.sleep(0.2)
    slowly = len(here.told)

    hurry.set()
    await draining

    assert slowly == 1
    assert len(here.told) == CHARGERS


async def test_one_that_comes_at_the_last_moment_is_told_as_well() -> None:
    here = Here(2)
    draining = asyncio.create_task(let_go(lambda: here.present, 0.2, asyncio.Event()))
    await asyncio.sleep(0)
    here.present.append(Leaving(here, 7))

    await draining

    assert sorted(here.told) == [0, 1, 7]


async def test_whoever_does_not_close_is_not_waited_for_for_ever() -> None:
    class Stuck:
        async def close(self, reason: str, code: int) -> None:
            del reason, code
            await asyncio.Event().wait()

    stuck = Stuck()
    await let_go(lambda: [stuck], 0.0, asyncio.Event())
