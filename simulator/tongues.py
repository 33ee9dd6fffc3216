"""
How a charger speaks with its server: a version of OCPP.

What it has to tell and what it does is the same in all of them, and has the names of OCPP 1.6 inside.
"""

from enum import StrEnum
from typing import Final, Protocol

from simulator import requests
from simulator.charger import Charger
from simulator.ocpp2 import Tongue2
from simulator.ocpp2.tongue import OCPP_21, OCPP_201
from simulator.outbox import Message
from simulator.payloads import Payload


class Version(StrEnum):
    """A version of OCPP that a charger here can speak, as WebSockets call it."""

    OCPP_16 = "ocpp1.6"
    OCPP_201 = OCPP_201
    OCPP_21 = OCPP_21


OCPP_16: Final = Version.OCPP_16.value
PROTOCOLS: Final = tuple(it.value for it in Version)


class Tongue(Protocol):
    """One version of OCPP, as one charger speaks it; it outlives its connections."""

    @property
    def subprotocol(self) -> str:
        """As WebSockets call it."""

    def boot(self) -> Payload:
        """Write a BootNotification."""

    def frames(self, message: Message) -> tuple[tuple[str, Payload], ...]:
        """Put a message into requests: action and payload; the same ones whenever it is sent again."""

    def understood(self, message: Message, answers: tuple[Payload, ...]) -> Payload:
        """Read the answers to a message's requests, as the charger takes them."""

    def answer(self, action: str, payload: Payload, now_s: float) -> Payload:
        """
        Do what the server asks, and answer.

        Raises:
            CallRefused: the action is unknown, or a field is missing or malformed.
        """


class Tongue16:
    """OCPP 1.6."""

    subprotocol = OCPP_16

    def __init__(self, charger: Charger) -> None:
        self._charger = charger

    def boot(self) -> Payload:
        """See `Tongue`."""
        return self._charger.boot_payload()

    def frames(self, message: Message) -> tuple[tuple[str, Payload], ...]:
        """See `Tongue`."""
        return ((message.action, message.content()),)

    def understood(self, _: Message, answers: tuple[Payload, ...]) -> Payload:
        """See `Tongue`."""
        return answers[0]

    def answer(self, action: str, payload: Payload, now_s: float) -> Payload:
        """See `Tongue`."""
        return requests.answer(self._charger, action, payload, now_s)


def tongue_of(charger: Charger, protocol: str) -> Tongue:
    """
    Make a charger speak a version.

    Raises:
        ValueError: it is none of `PROTOCOLS`.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"chargers here speak {', '.join(PROTOCOLS)}, not {protocol!r}")
    return Tongue16(charger) if protocol == OCPP_16 else Tongue2(charger, protocol)
