"""
How long to wait after failures. Nobody can lock anybody else out.

Failures are counted for a network, and for an account *as tried from that network*. A device from which the
person has signed in before has a budget of its own instead, which only holders of that device can use up.
After some free attempts every further one waits twice as long, up to a quarter of an hour; failures are
forgiven with time. OWASP's Authentication Cheat Sheet has the reasons.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

DELAY_S_MAX: Final = 900.0
FORGIVEN_AFTER_S: Final = 600.0
"""After so many seconds one failure is forgiven."""
DOUBLINGS_MAX: Final = 10


class Of(StrEnum):
    """What failures are counted for."""

    NETWORK = "network"
    ACCOUNT = "account"
    DEVICE = "device"


FREE: Final = {Of.NETWORK: 40, Of.ACCOUNT: 5, Of.DEVICE: 5}
"""How many attempts wait for nothing. Many people may share one network's address."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Failures as they stood when the last one was counted."""

    failures: float
    last_at: datetime


def wait_s(tally: Tally | None, free: int, now: datetime) -> float:
    """Say how long the next attempt has to wait, in seconds; 0 if it may be made now."""
    if tally is None or not _used_up(tally, free):
        return 0.0
    doublings = min(max(0.0, tally.failures - free), DOUBLINGS_MAX)
    delay_s = min(2.0**doublings, DELAY_S_MAX)
    return max(0.0, (tally.last_at + timedelta(seconds=delay_s) - now).total_seconds())


def counted(tally: Tally | None, now: datetime) -> Tally:
    """Count an attempt as failed; it is taken back when it succeeds."""
    return Tally(_left(tally, now) + 1.0, now)


def taken_back(tally: Tally | None, now: datetime) -> Tally:
    """Take back what was counted for an attempt that has succeeded."""
    return Tally(max(0.0, _left(tally, now) - 1.0), now)


def begins_to_wait(tally: Tally, free: int) -> bool:
    """Tell whether it is this failure from which on attempts have to wait."""
    return _used_up(tally, free) and not _used_up(tally, free + 1)


def _used_up(tally: Tally, free: int) -> bool:
    """Tell whether no free attempt is left. A half counts as one: a little is forgiven at once."""
    return tally.failures > free - 0.5


def _left(tally: Tally | None, now: datetime) -> float:
    if tally is None:
        return 0.0
    passed_s = max(0.0, (now - tally.last_at).total_seconds())
    return max(0.0, tally.failures - passed_s / FORGIVEN_AFTER_S)


def network_of(remote: str) -> str:
    """
    Name the network that an address is counted with: one customer of a provider.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:3::4"), network_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8:1:2::/64', '192.0.2.7')
    >>> network_of("somewhere")
    'unknown'
    """
    try:
        address = ip_address(remote.partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))
