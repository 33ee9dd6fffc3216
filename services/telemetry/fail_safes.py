"""
Putting a charger under its fail-safe: asked for, confirmed, put on record. With the first one it is found
out in which way it can be limited.

What a charger confirms counts from the moment it is on record; what it was asked for and did not
confirm may be in force or not.
"""

import asyncio

from services.telemetry.calls import AnsweredError, Unanswered
from services.telemetry.charger import ACCEPTED, fail_safe_in_force
from services.telemetry.histories import History
from services.telemetry.holding import Holding
from services.telemetry.learning import Learning
from services.telemetry.parts import Parts
from shared.messages.telemetry import FailSafeApplied
from shared.units import TOLERANCE_A


class FailSafes:
    """The fail-safe of one connected charger."""

    def __init__(
        self, parts: Parts, history: History, holding: Holding, learning: Learning
    ) -> None:
        self._parts = parts
        self._history = history
        self._holding = holding
        self._learning = learning
        self._turn = asyncio.Lock()
        self._confirmed_a: float | None = None

    @property
    def in_force(self) -> bool:
        """The charger's present place asks for what it has confirmed since it came there."""
        state, assigned = self._history.state, self._history.assigned
        vouched = self._parts.whereabouts.vouch_for(state, assigned)
        return vouched and fail_safe_in_force(state, assigned)

    @property
    def confirmed(self) -> bool:
        """The charger has confirmed, on this connection, what its present place asks for."""
        asked_a = self._history.assigned.fail_safe_a
        return self._confirmed_a is not None and abs(self._confirmed_a - asked_a) <= TOLERANCE_A

    def introduced(self, firmware: str | None) -> None:
        """Take notice of what the charger says that it runs."""
        self._learning.firmware = firmware

    async def put(self) -> str:
        """
        Ask the charger to fall back to what its place asks for.

        Returns:
            What it has answered; if that is "Accepted", it is on record.

        Raises:
            Unanswered: nothing came; it is unknown what it falls back to.
            LOG_FAULTS: it could not be put on record.
        """
        async with self._turn:
            fail_safe_a = self._history.assigned.fail_safe_a
            self._confirmed_a = None
            if not await self._history.held():
                raise Unanswered("another gateway holds the charger")
            try:
                way = self._learning if self._learning.due else self._holding
                status = await way.put_fail_safe(fail_safe_a)
            except AnsweredError as error:
                return str(error)
            if status == ACCEPTED:
                await self._confirm(fail_safe_a)
            return status

    async def _confirm(self, fail_safe_a: float) -> None:
        state, assigned = self._history.state, self._history.assigned
        vouched = self._parts.whereabouts.vouch_for(state, assigned)
        known_a = state.fail_safe_a if vouched else None
        if known_a is None or abs(known_a - fail_safe_a) > TOLERANCE_A:
            applied = FailSafeApplied(
                installation_id=assigned.installation_id,
                charger_id=assigned.charger_id,
                fail_safe_a=fail_safe_a,
            )
            await self._history.record([applied])
        await self._parts.whereabouts.confirmed(self._parts.store.pool, assigned)
        self._confirmed_a = fail_safe_a
