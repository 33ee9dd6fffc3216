"""
The shell around forecasts: one at a time, in slices between which everything else goes on.

A slice is one decision, as long as those that are taken in earnest; after it the loop is left to others
for as long as it took. What would take too long is refused.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.balancer.facts import SiteFacts, Timing
from services.balancer.forecasting import Forecast, Unknown, beginning, otherwise
from shared.clock import uptime_s
from shared.ids import InstallationId
from shared.messages.what_if import WhatIf, WhatIfAnswer

CHARGERS_MAX: Final = 600
"""With those that come."""
AHEAD_MAX: Final = timedelta(days=8)
"""The week that a schedule knows, and a day."""
WORKED_S_MAX: Final = 10.0
WAITING_MAX: Final = 4

Latest = Callable[[InstallationId], tuple[SiteFacts, float] | None]
"""The facts of the latest decision for an installation, and when it was taken; none: it is not for us to
decide, or nothing was decided yet."""


class TooLong(Exception):
    """It was not worked out in time."""


class Wondering:
    """Works out what would be."""

    def __init__(self, latest: Latest, timing: Timing, clock: Callable[[], datetime]) -> None:
        self._latest = latest
        self._timing = timing
        self._clock = clock
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def answer(self, question: WhatIf) -> WhatIfAnswer | None:
        """Work it out; none: somebody else decides for that installation."""
        known = self._latest(question.installation_id)
        if known is None:
            return None
        facts, now_s = known
        refusal = self._refused(question, facts)
        if refusal is not None:
            return WhatIfAnswer(refusal=refusal)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._worked_out(question, facts, now_s)
        except Unknown as unknown:
            return WhatIfAnswer(refusal=f"{unknown}; choose one of those that are there")
        except TooLong:
            return WhatIfAnswer(
                refusal="this takes too long while so much is balanced here; ask about fewer cars"
            )
        finally:
            self._waiting -= 1

    def _refused(self, question: WhatIf, facts: SiteFacts) -> str | None:
        if self._waiting >= WAITING_MAX:
            return "others ask at this moment as well; ask again in a few seconds"
        chargers = len(facts.chargers) + sum(it.count for it in question.more)
        if chargers > CHARGERS_MAX:
            return (
                f"{chargers} chargers are more than the {CHARGERS_MAX} that are looked at; ask about "
                "fewer cars"
            )
        now = self._clock()
        if (
            question.at is not None
            and not now - timedelta(minutes=5) <= question.at <= now + AHEAD_MAX
        ):
            return "choose a time between now and a week from now"
        return None

    async def _worked_out(
        self, question: WhatIf, facts: SiteFacts, now_s: float
    ) -> WhatIfAnswer:
        until_s = uptime_s() + WORKED_S_MAX
        at_s = now_s if question.at is None else max(now_s, question.at.timestamp())
        as_is = beginning(facts, self._timing, now_s, at_s)
        await _settle(as_is, until_s)
        after, new = otherwise(as_is, question)
        await _settle(after, until_s)
        return WhatIfAnswer(
            as_is=as_is.picture(),
            otherwise=after.picture(new),
            settled=as_is.settled and after.settled,
        )


async def _settle(forecast: Forecast, until_s: float) -> None:
    """
    Let limits settle.

    Raises:
        TooLong: it takes longer than it may.
    """
    while not forecast.over:
        began_s = uptime_s()
        if began_s > until_s:
            raise TooLong
        forecast.step()
        await asyncio.sleep(uptime_s() - began_s)
