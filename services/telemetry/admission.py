"""
How a charger comes to be accepted: not before its fail-safe is in force.

    BootNotification   what is known                answer     then
    ----------------   --------------------------   --------   ------------------------------
    first ever         nothing                      Pending    configure, push the fail-safe,
                                                               have it boot again
    after that         the fail-safe is confirmed   Accepted   ChargerConnected
    any later one      it was confirmed before      Accepted   configure, affirm the fail-safe
    after a refusal    it refused the fail-safe     Rejected   it may try again after a while

A charger that comes back without a boot, as after a network drop, goes on where it was, if its
fail-safe was confirmed before; if not, it is told to boot first.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from services.telemetry import profiles
from services.telemetry.calls import AnsweredError, CallFailed, Calls, Unanswered
from services.telemetry.charger import ACCEPTED, fail_safe_in_force, may_go_on
from services.telemetry.decider import Hello, connected, disconnected
from services.telemetry.frames import Payload
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.parts import Parts
from services.telemetry.payloads import written
from shared.clock import utc_now
from shared.context import acting
from shared.messages.telemetry import ChargerRefused, FailSafeApplied, Place

PENDING_INTERVAL_S: Final = 5
REJECTED_INTERVAL_S: Final = 600

log = structlog.get_logger()

FollowUp = Callable[[], Awaitable[None]]
"""What is done once an answer is on its way."""


class Admission:
    """One connection's way to being accepted."""

    def __init__(self, parts: Parts, history: History, calls: Calls, remote: str) -> None:
        self._parts = parts
        self._history = history
        self._calls = calls
        self._remote = remote
        self.accepted = False
        self._confirmed = False  # the fail-safe, on this connection
        self._affirm_next = True
        self._refused = False
        self._busy = False
        self._asked_to_boot = False

    @property
    def _may_go_on(self) -> bool:
        return may_go_on(
            self._history.state, self._history.assigned, self._parts.settings.commissioning
        )

    # --- What the charger says ---

    async def heard(self) -> None:
        """
        Something else than a boot has come: a charger that was accepted before goes on.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        if not self.accepted and not self._busy and not self._refused and self._may_go_on:
            await self._accept(None)

    async def boot(self, payload: Payload) -> tuple[Payload, FollowUp | None]:
        """
        Answer a BootNotification; the follow-up is for after the answer is sent.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        settings = self._parts.settings
        if self._refused:
            self._refused = False
            return self._answer("Rejected", REJECTED_INTERVAL_S), None
        if self._confirmed or self._may_go_on or settings.commissioning == "none":
            await self._accept(Hello.of(payload))
            follow_up = self._affirm if self._affirm_next and not self._busy else None
            self._affirm_next = True
            return self._answer(ACCEPTED, settings.heartbeat_interval_s), follow_up
        follow_up = None if self._busy else self._commission
        return self._answer("Pending", PENDING_INTERVAL_S), follow_up

    def _answer(self, status: str, interval_s: int) -> Payload:
        return {"status": status, "currentTime": written(utc_now()), "interval": interval_s}

    async def _accept(self, hello: Hello | None) -> None:
        state, assigned = self._history.state, self._history.assigned
        await self._history.record(connected(state, assigned, hello, self._parts.gateway_id))
        if not self.accepted:
            log.info("charger accepted", fail_safe_a=self._history.state.fail_safe_a)
        self.accepted = True

    # --- What the charger is told ---

    async def _commission(self) -> None:
        """Put a charger under its fail-safe, and have it boot again."""
        await self._tell(trigger=True)

    async def _affirm(self) -> None:
        """A charger that has booted may have forgotten what it was told."""
        await self._tell(trigger=False)

    async def _tell(self, *, trigger: bool) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            with acting(f"charger/{self._history.assigned.serial}"):
                await self._configure()
                if self._parts.settings.commissioning == "none":
                    return
                if await self._push_fail_safe() and trigger:
                    self._confirmed, self._affirm_next = True, False
                    await self._calls.call("TriggerMessage", profiles.trigger_boot())
        except CallFailed as fault:
            log.warning("commissioning broken off, next boot tries again", fault=str(fault))
        except LOG_FAULTS as fault:
            log.warning("commissioning broken off, next boot tries again", fault=repr(fault))
        finally:
            self._busy = False

    async def _configure(self) -> None:
        settings = self._parts.settings
        for change in profiles.configuration(
            settings.heartbeat_interval_s,
            settings.sample_interval_s,
            settings.ping_interval_s,
        ):
            try:
                answer = await self._calls.call("ChangeConfiguration", change)
            except AnsweredError as error:
                status = str(error)
            else:
                status = answer["status"]
            if status != ACCEPTED:
                log.warning("configuration not taken", key=change["key"], status=status)

    async def _push_fail_safe(self) -> bool:
        state, assigned = self._history.state, self._history.assigned
        try:
            answer = await self._calls.call(
                "SetChargingProfile", profiles.fail_safe(assigned.fail_safe_a)
            )
        except AnsweredError as error:
            status = str(error)
        else:
            status = answer["status"]
        if status != ACCEPTED:
            await self._refuse(status)
            return False
        if state.serial != assigned.serial or not fail_safe_in_force(state, assigned):
            applied = FailSafeApplied(
                installation_id=assigned.installation_id,
                charger_id=assigned.charger_id,
                fail_safe_a=assigned.fail_safe_a,
            )
            await self._history.record([applied])
        return True

    async def _refuse(self, status: str) -> None:
        state, assigned = self._history.state, self._history.assigned
        self.accepted, self._confirmed, self._refused = False, False, True
        reason = (
            f"it does not take its fail-safe of {assigned.fail_safe_a:g} A ({status}); enable "
            "smart charging on it, or connect a charger that knows it"
        )
        log.error("charger refused", reason=reason)
        refused = ChargerRefused(
            place=Place.UNKNOWN, serial=assigned.serial, reason=reason, remote=self._remote
        )
        tell = self._parts.knocks.admit(assigned.serial, time.monotonic())
        forget = state.fail_safe_a is not None
        await self._history.record(
            [
                *disconnected(state, assigned, "the fail-safe was not taken"),
                *([refused] if tell or forget else []),
            ]
        )

    async def ask_to_boot(self) -> None:
        """Have a charger introduce itself that has not; once, unless that cannot be asked."""
        if self._busy or self._asked_to_boot:
            return
        self._asked_to_boot = True
        try:
            await self._calls.call("TriggerMessage", profiles.trigger_boot())
        except Unanswered as fault:
            self._asked_to_boot = False
            log.info("charger not reached", fault=str(fault))
        except AnsweredError as error:
            log.warning("charger must be restarted by hand to boot", fault=str(error))

    async def nudge(self) -> None:
        """Ask a known charger that has come back how it is; any answer says: it is there."""
        await asyncio.sleep(self._parts.settings.nudge_after_s)
        if self.accepted or self._busy or not self._may_go_on:
            return
        try:
            await self._calls.call("TriggerMessage", profiles.trigger_status())
        except CallFailed as fault:
            log.info("charger says nothing of itself", fault=str(fault))
