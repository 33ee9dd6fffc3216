"""The one place where the time is read; everything that decides gets it as an argument."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Read the present moment, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # this is the shell the rule points to


def uptime_s() -> float:
    """
    Read the seconds since the machine started, for leases between processes.

    Nobody sets this clock, and unlike `time.monotonic` it goes on while the machine sleeps.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)
