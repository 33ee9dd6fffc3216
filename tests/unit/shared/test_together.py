"""What many ask at the same moment is asked once."""

import asyncio
from collections.abc import Sequence

from shared.together import GATHERED_MAX, QUESTIONS_MAX, Together

WITHIN_S = 20.0


class Database:
    """Doubles numbers, when it is let."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may = asyncio.Event()
        self.fault: Exception | None = None

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(list(numbers))
        await self.may.wait()
        if self.fault is not None:
            raise self.fault
        return [2 * it for it in numbers]


async def test_what_is_asked_while_a_question_is_on_its_way_goes_with_the_next() -> None:
    database = Database()
    together = Together(database.double)
    asking = []
    for number in range(QUESTIONS_MAX + 3):
        asking.append(asyncio.create_task(together.of(number)))
        await asyncio.sleep(0.001)

    database.may.set()

    assert await asyncio.gather(*asking) == [0, 2, 4, 6, 8]
    assert database.asked == [[0], [1], [2, 3, 4]]


async def test_whoever_asks_again_as_soon_as_he_is_answered_is_answered() -> None:
    """Those who asked for him are done by then, and the loop has not told so yet."""
    database = Database()
    together = Together(database.double)

    async def twice(number: int) -> list[int]:
        return [await together.of(number), await together.of(number + 1)]

    asking = asyncio.create_task(twice(1))
    await asyncio.sleep(0.001)
    others = [asyncio.create_task(together.of(it)) for it in range(10, 9 + QUESTIONS_MAX)]
    await asyncio.sleep(0.001)
    database.may.set()
    async with asyncio.timeout(WITHIN_S):
        assert await asking == [2, 4]
        await asyncio.gather(*others)


async def test_no_question_grows_without_bounds() -> None:
    database = Database()
    database.may.set()
    together = Together(database.double)

    found = await asyncio.gather(*(together.of(it) for it in range(2 * GATHERED_MAX + 1)))

    assert found == [2 * it for it in range(2 * GATHERED_MAX + 1)]
    assert max(map(len, database.asked)) == GATHERED_MAX


async def test_whoever_goes_away_takes_no_answer_from_the_others() -> None:
    database = Database()
    together = Together(database.double)
    first, second = (asyncio.create_task(together.of(it)) for it in (1, 2))
    await asyncio.sleep(0.001)

    first.cancel()
    await asyncio.sleep(0.001)
    database.may.set()

    assert await second == 4
    assert first.cancelled()


async def test_a_fault_is_told_to_all_who_asked_and_to_nobody_after() -> None:
    database = Database()
    database.may.set()
    together = Together(database.double)
    database.fault = OSError("away")

    found = await asyncio.gather(together.of(1), together.of(2), return_exceptions=True)
    database.fault = None

    assert [type(it) for it in found] == [OSError, OSError]
    assert await together.of(3) == 6
