"""How drivers are counted: who shows which card, and from when an answer is timed."""

import asyncio
from typing import Any, cast

from cli.bench.authorizing_crowd import (
    CARDS,
    CHARGERS,
    INSTALLATIONS,
    STRANGERS_EVERY,
    layout,
    people,
    shown_at,
)
from cli.bench.authorizing_load import Asker, offered
from shared.messages.permissions import CardRegistered, RoleGranted
from shared.rights.cards import card_mark


def test_everybody_has_a_card_and_a_role_and_some_are_shown_where_they_have_none() -> None:
    told = list(people(b"k"))
    marks = {it.mark: it.person_id for it in told if isinstance(it, CardRegistered)}
    at = {it.grantee: it.installation_id for it in told if isinstance(it, RoleGranted)}

    assert (len(marks), len(at), len(list(layout()))) == (
        CARDS,
        CARDS,
        2 * INSTALLATIONS + CHARGERS,
    )
    for charger in (0, CHARGERS - 1):
        shown = [at[f"person/{marks[card_mark(it, b'k')]}"] for it in shown_at(charger)]
        assert shown.count(f"bench-{charger}") == len(shown) * (1 - 1 / STRANGERS_EVERY)
        assert shown[0] == f"bench-{charger + 1}"


class Slow:
    """A charger that asks one thing at a time, and whose server takes a while."""

    def __init__(self, answer_s: float) -> None:
        self._answer_s = answer_s
        self._turn = asyncio.Lock()

    async def call(self, _: str, __: object) -> Any:
        async with self._turn:
            await asyncio.sleep(self._answer_s)
        return {"idTagInfo": {"status": "Accepted"}}


async def test_who_waits_for_the_answer_before_theirs_has_waited() -> None:
    answer_s, questions = 0.05, 10
    asked = await offered([cast("Asker", Slow(answer_s))], [["CARD"]], 1000.0, questions / 1000)

    assert len(asked) == questions
    took_s = [it.took_s for it in asked]
    assert took_s == sorted(took_s), "each is due long before the one before it is answered"
    assert took_s[-1] > (questions - 2) * answer_s
