"""
Telling one charger its fail-safe and its limits by OCPP 2.x, and asking what it would hold.

Of profiles of several purposes the lowest counts, so no mixture of them allows more than what was
confirmed.
"""

from collections.abc import Sequence
from datetime import datetime

from services.telemetry.calls import AnsweredError
from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Call
from services.telemetry.frames import Payload
from services.telemetry.ocpp2 import profiles, settings
from services.telemetry.ocpp2.variables import Variables
from services.telemetry.ways import Abilities, Limit, Span, Wording
from shared.messages.telemetry import NOT_TELLABLE

Within = tuple[datetime, tuple[int, ...] | None]
"""What a dynamic profile keeps while its amperes change: the end of its lease, and its terminals."""


class Limiting:
    """The profiles of one connected charger."""

    def __init__(self, call: Call, variables: Variables) -> None:
        self._call = call
        self._variables = variables
        self._wording = profiles.PLAIN
        self._chooses: bool | None = None
        """The charger can choose the phase that it uses; none: it was not asked yet."""
        self._within: Within | None = None
        """Of the dynamic profile that the charger has; none: it has none."""
        self.dynamic = False
        """The charger knows dynamic profiles (2.1)."""

    def word_by(self, wording: Wording) -> None:
        """See `Tongue`."""
        if wording != self._wording:
            self._wording, self._within = wording, None

    async def put_fail_safe(self, fail_safe_a: float) -> str:
        """See `Tongue`."""
        return await self._put(profiles.fail_safe(fail_safe_a, self._wording))

    async def put_limit(
        self, limit_a: float, valid_until: datetime, terminals: Sequence[int] | None = None
    ) -> str:
        """See `Tongue`."""
        within = (valid_until, None if terminals is None else tuple(terminals))
        if self._within == within and await self._updated(limit_a):
            return ACCEPTED
        self._within = None
        one = terminals is not None and len(terminals) == 1
        chooses = one and await self._can_choose()
        if one and not chooses and within[1] != (1,):
            return NOT_TELLABLE
        limit = Limit(limit_a, valid_until, terminals=within[1])
        profile = profiles.limit(limit, self._wording, dynamic=self.dynamic, chooses=chooses)
        status = await self._put(profile)
        if self.dynamic and status == ACCEPTED:
            self._within = within
        return status

    async def put_in_one(self, fail_safe_a: float, limit: Limit | None) -> str:
        """See `Tongue`."""
        self._within = None
        return await self._put(profiles.in_one(fail_safe_a, limit, self._wording))

    async def end_limit(self) -> str:
        """See `Tongue`."""
        self._within = None
        return await self._asked("ClearChargingProfile", profiles.no_limit())

    async def abilities(self) -> Abilities:
        """See `Tongue`."""
        return settings.abilities_in(await self._variables.values(settings.LIMITING))

    async def schedule(self, duration_s: int) -> Sequence[Span] | None:
        """See `Tongue`."""
        asked = profiles.composite(duration_s, self._wording)
        answer = await self._call("GetCompositeSchedule", asked)
        return profiles.spans_in(answer, duration_s, self._wording)

    async def _can_choose(self) -> bool:
        if self._chooses is None:
            have = await self._variables.values(settings.PHASE_SWITCHING)
            self._chooses = "true" in {it.lower() for it in have.values()}
        return self._chooses

    async def _updated(self, limit_a: float) -> bool:
        """Tell the charger other amperes within the same lease; not taken, all is told anew."""
        asked = profiles.update(limit_a, self._wording)
        try:
            status = await self._asked("UpdateDynamicSchedule", asked)
        except AnsweredError:
            return False
        return status == ACCEPTED

    async def _put(self, profile: Payload) -> str:
        return await self._asked("SetChargingProfile", profile)

    async def _asked(self, action: str, payload: Payload) -> str:
        return str((await self._call(action, payload))["status"])
