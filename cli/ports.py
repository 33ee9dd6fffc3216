"""Ports of the loopback interface: free ones, and who has the one we want."""

import contextlib
import errno
import secrets
import socket
from typing import Final

import psutil

from cli.faults import PortTaken

LOOPBACK: Final = "127.0.0.1"
LOCALHOST: Final = "localhost"
"""As browsers are sent there: passkeys are bound to a name, which an IP address is not."""
BACKLOG: Final = 2048
"""How many connections may wait to be taken."""
FREE_PORTS: Final = range(20_000, 32_000)
FREE_PORT_TRIES_MAX: Final = 500


def claim_port(wanted: int, purpose: str, option: str) -> int:
    """
    Check that a port is free, or find one when *wanted* is 0.

    Args:
        wanted: the port, or 0 for any.
        purpose: what it is for, as in "NATS".
        option: the command-line option that changes it, as in "--nats-port".

    Raises:
        PortTaken: somebody else listens on it, or we may not.
    """
    if wanted == 0:
        return free_ports(1)[0]
    if wanted not in range(1, 65_536):
        raise PortTaken(
            f"{wanted}, wanted as the port for {purpose}, is not a port",
            f"Choose one from 1 to 65535 with {option} PORT, or any free one with {option} 0.",
        )
    try:
        _bound(wanted).close()
    except OSError as fault:
        raise _taken(wanted, purpose, option, fault) from fault
    return wanted


def listening_at(host: str, port: int, purpose: str) -> socket.socket:
    """
    Listen for somebody who is handed the socket; who connects meanwhile waits in it.

    Raises:
        PortTaken: somebody else listens there, or it is not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as fault:
        raise PortTaken(
            f"{host}:{port}, wanted for {purpose}, cannot be listened at: {fault.strerror}",
            "Stop what listens there, or choose another address or port.",
        ) from fault


def free_ports(count: int) -> list[int]:
    """
    Find different free ports, below those that the system gives to outgoing connections.

    A server must find its port free again after a crash, and an outgoing connection could
    have taken one from the system's range meanwhile.

    Raises:
        PortTaken: too few are free.
    """
    found: list[socket.socket] = []
    try:
        for _ in range(FREE_PORT_TRIES_MAX):
            if len(found) == count:
                return [int(it.getsockname()[1]) for it in found]
            with contextlib.suppress(OSError):  # taken: try the next
                found.append(_bound(FREE_PORTS[secrets.randbelow(len(FREE_PORTS))]))
    finally:
        for it in found:
            it.close()
    raise PortTaken(
        f"No {count} free ports were found from {FREE_PORTS.start} to {FREE_PORTS.stop - 1}",
        "Name free ports with the options that take one.",
    )


def _bound(port: int) -> socket.socket:
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As the servers do: a port whose last connections are still winding up is free.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((LOOPBACK, port))
        probe.listen(1)  # two may bind a port so; only one may listen
    except OSError:
        probe.close()
        raise
    return probe


def _taken(port: int, purpose: str, option: str, fault: OSError) -> PortTaken:
    way_out = f"choose another with {option} PORT, or any free one with {option} 0"
    if fault.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Port {port}, wanted for {purpose}, is in use{_by_whom(port)}",
            f"Stop what listens there, or {way_out}.",
        )
    return PortTaken(
        f"Port {port}, wanted for {purpose}, cannot be used: {fault.strerror}",
        f"{way_out[0].upper()}{way_out[1:]}.",
    )


def _by_whom(port: int) -> str:
    """Name the process that listens, as far as the system lets us see it."""
    try:
        for it in psutil.net_connections("tcp"):
            if (
                it.status == psutil.CONN_LISTEN
                and it.pid
                and it.laddr
                and it.laddr.port == port
            ):
                return f" by {psutil.Process(it.pid).name()} (pid {it.pid})"
    except psutil.Error:
        return ""
    return ""
