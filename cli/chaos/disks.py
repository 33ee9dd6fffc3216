"""The disk with the data of NATS and PostgreSQL, and with all logs, is full for a while."""

from dataclasses import dataclass
from typing import Final

from cli.chaos.fault import FaultNotPossible
from cli.chaos.plan import Kind
from cli.chaos.small_disk import NoDisk
from cli.chaos.yard import Yard

DISK_FULL: Final = "disk-full"
TRIES_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class DiskFull:
    """There is no room for one more page."""

    kind: Kind

    async def inject(self, yard: Yard, _: str) -> None:
        """See `Fault`. It is tried several times, as others write meanwhile."""
        if yard.disk is None:
            raise FaultNotPossible(
                "the data are on no disk of their own: that takes the right to mount"
            )
        for left in reversed(range(TRIES_MAX)):
            try:
                await yard.disk.fill()
            except NoDisk as why:
                if left == 0:
                    raise FaultNotPossible(str(why)) from why
            else:
                return

    async def heal(self, yard: Yard, _: str) -> None:
        """See `Fault`."""
        if yard.disk is not None:
            await yard.disk.empty()


def disk_faults() -> list[DiskFull]:
    """Name all that may happen to disks."""
    return [DiskFull(Kind(DISK_FULL, ("disk",), (2.0, 12.0), alone=True))]
