"""
From which network address a charger connects, and whether that is where it was before.

The address is the socket's own. Behind a proxy it is the last one in X-Forwarded-For that is none of
the proxies we trust: whatever stands before that, the charger may have made up.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from shared.messages.telemetry import Place

Network = IPv4Network | IPv6Network


def host_of(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """
    Name the network address that a request comes from; empty if it is none.

    Args:
        peer: the address of whoever holds the other end of the socket.
        forwarded: the values of all X-Forwarded-For headers, in their order.
        trusted: the proxies whose word is believed.

    >>> host_of("10.0.0.9", ["203.0.113.7"], [IPv4Network("10.0.0.0/8")])
    '203.0.113.7'
    >>> host_of("198.51.100.1", ["203.0.113.7"], [IPv4Network("10.0.0.0/8")])
    '198.51.100.1'
    """
    host = _normal(peer)
    passed = [part.strip() for value in forwarded for part in value.split(",")]
    while passed and _among(host, trusted):
        before = _normal(passed.pop())
        if not before:
            break  # not an address: what the proxy says cannot be used
        host = before
    return host


def place_of(host: str, last_host: str) -> Place:
    """
    Tell whether a charger knocks from where it was connected before.

    >>> place_of("10.0.0.1", "10.0.0.2"), place_of("10.0.0.1", "")
    (<Place.ELSEWHERE: 'ELSEWHERE'>, <Place.UNKNOWN: 'UNKNOWN'>)
    """
    if not host or not last_host:
        return Place.UNKNOWN
    return Place.AS_BEFORE if host == last_host else Place.ELSEWHERE


def _normal(text: str) -> str:
    """Spell an address in its one way; one of IPv4 is the same whichever socket brought it."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _among(host: str, networks: Sequence[Network]) -> bool:
    return bool(host) and any(ip_address(host) in network for network in networks)
