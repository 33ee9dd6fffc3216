import os
import socket

import pytest

from cli.faults import PortTaken
from cli.ports import FREE_PORTS, LOOPBACK, claim_port, free_ports


def test_a_free_port_is_claimed_as_it_is() -> None:
    [port] = free_ports(1)

    assert claim_port(port, "NATS", "--nats-port") == port


def test_zero_claims_any_free_port() -> None:
    assert claim_port(0, "NATS", "--nats-port") in FREE_PORTS


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(50))) == 50


@pytest.mark.parametrize("host", [LOOPBACK, "0.0.0.0"])  # noqa: S104
def test_a_taken_port_is_told_with_its_holder_and_the_way_out(host: str) -> None:
    with socket.socket() as other:
        other.bind((host, 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTaken) as fault:
            claim_port(port, "NATS", "--nats-port")

    assert str(port) in fault.value.message
    assert f"pid {os.getpid()}" in fault.value.message
    assert "--nats-port" in fault.value.hint


def test_a_port_out_of_range_is_a_fault_with_a_way_out() -> None:
    with pytest.raises(PortTaken, match="70000"):
        claim_port(70_000, "NATS", "--nats-port")
