"""
Which installations this process decides for: those of the partitions that it holds.

Partitions are shared out evenly among the balancers that take part. Who holds too many stops to decide
for some and hands them over; who holds too few takes what is free. A partition that was taken is decided
for once everything is known that was decided before (`taking_over.py`).

A holder proves several times a second that its connection lives. It stops to decide some time before the
server would end a connection that is not heard of, and ends itself when the connection is gone. Should it
be so late that others decide already, three things keep it from harm: the log refuses a decision that was
taken without knowing theirs, gateways refuse its epoch, and what it has announced before counts.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import structlog

from services.balancer.clock_agreement import ClockAgreement
from services.balancer.locks import Locks, Seen
from services.balancer.sharing import share_of, to_release, to_take
from shared.ids import InstallationId
from shared.lock_session import LOCK_FAULTS
from shared.subjects import partition_of
from shared.tasks import end_if_cancelled

LOOK_PAUSE_S: Final = 0.4
"""How soon it is seen that somebody has died, or that the own connection has."""
HELD_S: Final = 4.0
"""So long after the last proof partitions count as held; the server waits longer (`SESSION_S`)."""
DEAF_S_MAX: Final = 8.0
"""A balancer that hears nothing for so long leaves its share to those who do."""

log = structlog.get_logger()


class PartitionsLost(Exception):
    """The connection that holds the partitions is gone: somebody else may decide now."""


class Partitions:
    """
    The partitions this process holds, each with its epoch.

    Args:
        locks: where they are held.
        clock_s: seconds that pass while the process, or the machine, stands still.
        hears: whether events and readings reach this process at present, and its limits chargers.
        agreement: whether the clock that is decided by is right.
    """

    def __init__(
        self,
        locks: Locks,
        clock_s: Callable[[], float],
        hears: Callable[[], bool],
        agreement: ClockAgreement,
    ) -> None:
        self._locks = locks
        self._clock_s = clock_s
        self._hears = hears
        self._agreement = agreement
        self._proven_s = self._heard_s = clock_s()
        self._taken: dict[int, int] = {}
        """Taken and not decided for yet, each with its epoch."""
        self._decided: dict[int, int] = {}
        self._leaving: set[int] = set()
        """No longer decided for, and to be handed over."""
        self._busy: int | None = None
        self._leads = False
        self._joins = False
        self._wake = asyncio.Event()
        self._something_taken = asyncio.Event()

    # --- For those who decide ---

    def holds(self, partition: int) -> bool:
        """Tell whether a partition's readings are of use here."""
        return partition in self._decided or partition in self._taken

    @contextlib.contextmanager
    def deciding(self, installation_id: InstallationId) -> Iterator[int | None]:
        """
        Keep an installation's partition while a decision is taken and announced.

        Yields:
            The epoch to decide under; none if it is not for this process to decide.
        """
        partition = partition_of(installation_id)
        in_time = self._clock_s() - self._proven_s < HELD_S and self.agree()
        epoch = self._decided.get(partition) if in_time else None
        self._busy = None if epoch is None else partition
        try:
            yield epoch
        finally:
            self._busy = None
            if partition in self._leaving:
                self._wake.set()

    def agree(self) -> bool:
        """Tell whether our clock is right enough at this moment to decide anything."""
        return self._agreement.stands(self._agreement.now().timestamp())

    def leads(self) -> bool:
        """Tell whether this process does what one of them has to: announce our log."""
        return self._leads

    def count(self) -> int:
        """Tell how many partitions are decided for here."""
        return len(self._decided)

    # --- For whoever takes over ---

    def join(self) -> None:
        """Take part from now on: what is known here is up to date."""
        self._joins = True
        self._wake.set()

    async def taken(self) -> Mapping[int, int]:
        """Wait until partitions are taken that are not decided for yet."""
        await self._something_taken.wait()
        return dict(self._taken)

    def begin(self, taken: Mapping[int, int]) -> None:
        """Decide for partitions from now on, unless they had to be handed over meanwhile."""
        for partition, epoch in taken.items():
            if self._taken.get(partition) == epoch:
                self._decided[partition] = self._taken.pop(partition)
        self._see_what_is_taken()
        log.info("partitions decided for", partitions=len(self._decided))

    def standing(self) -> bool | str:
        """For the health of the service: whether it takes part, or why not."""
        if not self._joins:
            return "it does not know yet what was decided"
        why_not = self._agreement.why_not() or "it is cut off from events and chargers"
        return self._takes_part() or why_not

    # --- Holding ---

    async def keep(self) -> None:
        """
        Hold the share that is due, for ever.

        Raises:
            PartitionsLost: the connection is gone, or nobody can tell.
        """
        try:
            await self._locks.listen(self._wake.set)
            while True:
                await self._look()
                end_if_cancelled()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_PAUSE_S):
                        await self._wake.wait()
                self._wake.clear()
        except LOCK_FAULTS as fault:
            raise PartitionsLost(repr(fault)) from fault
        finally:
            self._decided.clear()
            self._taken.clear()

    async def _look(self) -> None:
        asked_s, asked_up_s = self._clock_s(), self._agreement.uptime_s()
        seen = await self._locks.look()
        self._proven_s = asked_s
        if seen.at is not None:
            self._agreement.compare(asked_up_s, seen.at)
        if self._hears():
            self._heard_s = asked_s
        self._leads = self._locks.slot == min(seen.members or seen.slots, default=0)
        if self._takes_part() is not (self._locks.slot in seen.members):
            await (self._locks.join() if self._takes_part() else self._locks.leave())
            seen = await self._locks.look()
        await self._hand_over(seen)
        await self._take(seen)

    def _takes_part(self) -> bool:
        hears = self._clock_s() - self._heard_s < DEAF_S_MAX
        return self._joins and hears and self.agree()

    async def _hand_over(self, seen: Seen) -> None:
        share = share_of(self._locks.slot, seen.members)
        for partition in to_release({*self._decided, *self._taken}, share):
            self._taken.pop(partition, None)
            self._decided.pop(partition, None)
            self._leaving.add(partition)
        self._see_what_is_taken()
        gone = self._leaving - {self._busy}
        if gone:
            await self._locks.release(gone)
            self._leaving -= gone
            log.info("partitions handed over", partitions=len(gone), share=share)

    async def _take(self, seen: Seen) -> None:
        held = {*self._decided, *self._taken, *self._leaving}
        wanted = to_take(self._locks.slot, held, seen.partitions, seen.members)
        if not wanted:
            return
        taken = await self._locks.take(wanted)
        if taken:
            self._taken.update(taken)
            self._see_what_is_taken()
            log.info(
                "partitions taken",
                partitions=len(taken),
                slot=self._locks.slot,
                members=len(seen.members),
                epoch=max(taken.values()),
            )

    def _see_what_is_taken(self) -> None:
        if self._taken:
            self._something_taken.set()
        else:
            self._something_taken.clear()
