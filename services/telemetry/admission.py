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
fail-safe was confirmed before, here and since it came here; if not, it is told to boot first. A
fail-safe that is changed while a charger is connected is pushed until it is confirmed. A charger that
gets no current at all is not admitted but has a `Visit`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from services.telemetry.calls import AnsweredError, CallFailed, Calls, Unanswered
from services.telemetry.charger import ACCEPTED, may_go_on
from services.telemetry.decider import connected, disconnected, refused
from services.telemetry.dialect import Rhythm, Tongue
from services.telemetry.fail_safes import FailSafes
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.parts import Parts
from services.telemetry.said import Booted, Said, Welcomed
from shared.clock import utc_now
from shared.context import acting

PENDING_INTERVAL_S: Final = 5
REJECTED_INTERVAL_S: Final = 600
RENEW_PAUSE_S: Final = 2.0
"""After how long a changed fail-safe is pushed again that was not confirmed."""

log = structlog.get_logger()

FollowUp = Callable[[], Coroutine[Any, Any, None]]
"""What is done once an answer is on its way."""


class Admission:
    """One connection's way to being accepted."""

    why_not = "boot first: the charger is not accepted yet"

    def __init__(
        self,
        parts: Parts,
        history: History,
        calls: Calls,
        tongue: Tongue,
        fail_safes: FailSafes,
        remote: str,
        on_accepted: Callable[[], None],
    ) -> None:
        """
        Make it.

        Args:
            parts: what all connections stand on.
            history: the charger's.
            calls: tells when its connection is gone.
            tongue: tells it what we want.
            fail_safes: puts it under its fail-safe.
            remote: the network address it comes from.
            on_accepted: told whenever the charger has been accepted.
        """
        self._parts = parts
        self._history = history
        self._calls = calls
        self._tongue = tongue
        self._fail_safes = fail_safes
        self._remote = remote
        self._on_accepted = on_accepted
        self.accepted = False
        self._affirm_next = True
        self._refused = False
        self._busy = False
        self._renewing = False
        self._asked_to_boot = False

    @property
    def _bare(self) -> bool:
        return self._parts.settings.commissioning == "none"

    @property
    def _may_go_on(self) -> bool:
        state, assigned = self._history.state, self._history.assigned
        known = may_go_on(state, assigned, self._parts.settings.commissioning)
        return known and self._parts.whereabouts.vouch_for(state, assigned)

    def hears(self, _: Said) -> bool:
        """Tell whether something else than a boot is handled."""
        return self.accepted

    # --- What the charger says ---

    async def heard(self) -> None:
        """
        Something else than a boot has come: a charger that was accepted before goes on.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        if not self.accepted and not self._busy and not self._refused and self._may_go_on:
            await self._accept(None)

    async def boot(self, booted: Booted) -> tuple[Welcomed, FollowUp | None]:
        """
        Answer a charger that introduces itself; the follow-up is for after the answer is sent.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        self._fail_safes.introduced(booted.firmware)
        if self._refused:
            self._refused = False
            return Welcomed("Rejected", REJECTED_INTERVAL_S, utc_now()), None
        if self._fail_safes.confirmed or self._may_go_on or self._bare:
            await self._accept(booted)
            follow_up = self._affirm if self._affirm_next and not self._busy else None
            self._affirm_next = True
            every_s = self._parts.settings.heartbeat_interval_s
            return Welcomed(ACCEPTED, every_s, utc_now()), follow_up
        follow_up = None if self._busy else self._commission
        return Welcomed("Pending", PENDING_INTERVAL_S, utc_now()), follow_up

    async def _accept(self, hello: Booted | None) -> None:
        state, assigned = self._history.state, self._history.assigned
        events = connected(state, assigned, hello, self._parts.gateway_id, self._remote)
        await self._history.record(events)
        await self._parts.whereabouts.confirmed(self._parts.store.pool, assigned, self._remote)
        if not self.accepted:
            log.info("charger accepted", fail_safe_a=self._history.state.fail_safe_a)
        self.accepted = True
        self._on_accepted()

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
                if self._bare:
                    return
                if await self._push_fail_safe() and trigger:
                    self._affirm_next = False
                    await self._tongue.ask_to_boot()
        except CallFailed as fault:
            log.warning("commissioning broken off, next boot tries again", fault=str(fault))
        except LOG_FAULTS as fault:
            log.warning("commissioning broken off, next boot tries again", fault=repr(fault))
        finally:
            self._busy = False

    async def _configure(self) -> None:
        settings = self._parts.settings
        rhythm = Rhythm(
            settings.heartbeat_interval_s,
            settings.sample_interval_s,
            settings.ping_interval_s,
        )
        for it in await self._tongue.configure(rhythm):
            log.warning("configuration not taken", key=it.key, status=it.status)

    async def renew(self) -> None:
        """The fail-safe has changed: have the charger confirm the new one, however often it takes."""
        if self._renewing or self._bare:
            return
        self._renewing = True
        try:
            with acting(f"charger/{self._history.assigned.serial}"):
                await self._renew()
        finally:
            self._renewing = False

    async def _renew(self) -> None:
        while not self._fail_safes.in_force and not self._calls.lost.is_set():
            try:
                if self.accepted and not await self._push_fail_safe():
                    return
            except CallFailed as fault:
                log.warning("changed fail-safe not confirmed yet", fault=str(fault))
            except LOG_FAULTS as fault:
                log.warning("changed fail-safe not on record yet", fault=repr(fault))
            if not self._fail_safes.in_force:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._calls.lost.wait(), RENEW_PAUSE_S)

    async def _push_fail_safe(self) -> bool:
        status = await self._fail_safes.put()
        if status != ACCEPTED:
            await self._refuse(status)
        return status == ACCEPTED

    async def _refuse(self, status: str) -> None:
        state, assigned = self._history.state, self._history.assigned
        self.accepted, self._refused = False, True
        reason = (
            f"it does not take its fail-safe of {assigned.fail_safe_a:g} A ({status}); enable "
            "smart charging on it, or connect a charger that knows it"
        )
        log.error("charger refused", reason=reason)
        last_host = self._parts.whereabouts.host(assigned.serial)
        put_out = refused(assigned.serial, reason, self._remote, last_host)
        tell = self._parts.knocks.admit(assigned.serial, time.monotonic())
        forget = state.fail_safe_a is not None
        await self._history.record(
            [
                *disconnected(state, assigned, "the fail-safe was not taken"),
                *([put_out] if tell or forget else []),
            ]
        )

    async def ask_to_boot(self) -> None:
        """Have a charger introduce itself that has not; once, unless that cannot be asked."""
        if self._busy or self._asked_to_boot:
            return
        self._asked_to_boot = True
        try:
            await self._tongue.ask_to_boot()
        except Unanswered as fault:
            self._asked_to_boot = False
            log.info("charger not reached", fault=str(fault))
        except AnsweredError as error:
            log.warning("charger must be restarted by hand to boot", fault=str(error))

    async def nudge(self) -> None:
        """Ask a charger that has come back and says nothing how it is, or to boot if it has to be
        commissioned; any answer says: it is there.
        """
        if self.accepted or self._busy:
            return
        if not self._may_go_on:
            await self.ask_to_boot()
            return
        try:
            await self._tongue.ask_status()
        except CallFailed as fault:
            log.info("charger says nothing of itself", fault=str(fault))
