"""
What a charger has to tell its server, in order, each kept until it is answered.

Messages of a transaction outlive a lost connection and a lost supply. A message may have to
wait for the answer to an earlier one: the transaction's id, which the server gives, is filled
in when it is sent.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from simulator.payloads import Payload

READINGS_MAX: Final = 2000
"""So many meter values are kept while offline; then the oldest ones go (OCPP 1.6, 3.7.1)."""

Answered = Callable[[Payload, float], None]
"""Takes the answer and the time at which it came."""


@dataclass(slots=True)
class Transaction:
    """One charging session as OCPP sees it."""

    id_tag: str
    id: int | None = None
    """Given by the server; unknown while StartTransaction waits to be answered."""


def _nothing(_answer: Payload, _now_s: float) -> None:
    """Most answers need no action."""


@dataclass(slots=True, eq=False)
class Message:
    """One CALL to be."""

    action: str
    payload: Payload
    transaction: Transaction | None = None
    answered: Answered = _nothing
    keep: bool = True
    """Worth sending after the connection was lost meanwhile."""
    triggered: bool = False
    """The server asked for it, so it may be sent before the charger is accepted."""
    attempts: int = 0
    offline: bool = False
    """There was no connection when it happened."""
    frames: tuple[tuple[str, Payload], ...] | None = None
    """What it is in OCPP 2.x, once it was sent."""

    def content(self) -> Payload:
        """The payload as it is sent; the same one whenever it is sent again."""
        if self.transaction is None or self.action == "StartTransaction":
            return self.payload
        return self.payload | {"transactionId": self.transaction.id}


@dataclass(slots=True)
class Outbox:
    """The messages still to be answered, the oldest first."""

    waiting: deque[Message] = field(default_factory=deque)
    dropped: int = 0
    """Meter values that went because there were too many."""

    def put(self, message: Message) -> None:
        if message.action == "MeterValues" and self._readings() >= READINGS_MAX:
            oldest = next(it for it in self.waiting if it.action == "MeterValues")
            self.waiting.remove(oldest)
            self.dropped += 1
        self.waiting.append(message)

    def _readings(self) -> int:
        # Only a long queue can hold too many; the usual one is not counted.
        if len(self.waiting) < READINGS_MAX:
            return 0
        return sum(it.action == "MeterValues" for it in self.waiting)

    def next(self, *, accepted: bool) -> Message | None:
        """Name what is to be sent now; while not accepted, only what was asked for."""
        if accepted:
            return self.waiting[0] if self.waiting else None
        return next((it for it in self.waiting if it.triggered), None)

    def done(self, message: Message) -> None:
        """Forget a message that was answered."""
        if self.waiting and self.waiting[0] is message:
            self.waiting.popleft()
        else:
            self.waiting = deque(it for it in self.waiting if it is not message)

    def connection_lost(self) -> None:
        """Forget what made sense in that connection only."""
        self.waiting = deque(it for it in self.waiting if it.keep)
