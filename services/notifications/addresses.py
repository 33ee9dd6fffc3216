"""
Where webhooks may be delivered to: over HTTPS, to addresses of the public internet.

Whoever may add a webhook could else have this service ask what is in our own network, or in a cloud's
(server-side request forgery). The name is looked up at every attempt, all that it leads to is checked, and
the connection goes to the very address that was checked.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.notifications.refusals import UnsafeAddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """
    What the platform's operator allows besides.

    Args:
        local_http: HTTP without TLS, to this machine.
        private: addresses of private networks.
    """

    local_http: bool = False
    private: bool = False

    def check_url(self, url: str) -> None:
        """
        Check an address as far as it shows by itself.

        Raises:
            UnsafeAddress: nothing is delivered there; the text says what to do.
        """
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as fault:
            raise UnsafeAddress(f"{url} is no address: {fault}") from fault
        if not host:
            raise UnsafeAddress(f"{url} names no machine; write https://, a name, and a path")
        local = self.local_http and host in LOCAL_NAMES
        if host in LOCAL_NAMES and not local:
            raise UnsafeAddress(
                f"{host} is this machine, to which webhooks are not delivered unless its operator "
                "allows it (NOTIFICATIONS_LOCAL_WEBHOOKS)"
            )
        if parts.scheme != "https" and not local:
            raise UnsafeAddress(
                "webhooks are delivered over https only, so that nobody on the way reads or changes "
                "them; give an address that begins with https://"
            )
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            return
        self.check_ip(literal, host)

    def check_ip(self, address: IpAddress, host: str) -> None:
        """
        Check where a name leads to.

        Raises:
            UnsafeAddress: to where nothing is delivered.
        """
        mapped = getattr(address, "ipv4_mapped", None)
        meant = address if mapped is None else mapped
        if self.local_http and host in LOCAL_NAMES and meant.is_loopback:
            return
        public = meant.is_global and not meant.is_multicast
        private = meant.is_private and not (
            meant.is_loopback or meant.is_link_local or meant.is_unspecified
        )
        if public or (self.private and private):
            return
        raise UnsafeAddress(
            f"{host} leads to an address that is not of the public internet; deliver to one that is"
        )
