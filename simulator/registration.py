"""
A charger's registration with its server, and the clock it sets by it (OCPP 1.6, 4.2 and 4.6).

A charger announces itself once after every power-up, and again as long as the answer is not
Accepted; a mere reconnection is no reason to. Whether it was accepted survives both.
"""

from dataclasses import dataclass
from typing import Final

from simulator.payloads import CallRefused, Payload, moment, needed

CLOCK_ERROR_S_MAX: Final = 30.0
"""How wrong a charger's clock may be until the server tells it the time."""

BOOT_AGAIN_S: Final = 10.0
"""Pause between BootNotifications when the server names none."""


@dataclass(slots=True)
class Registration:
    """How a charger stands with its server. Moments are seconds since 1970."""

    clock_error_s: float = 0.0
    accepted: bool = False
    """The latest answer to BootNotification was Accepted."""
    refused: bool = False
    """The server will not have this charger."""
    booted: bool = False
    """Accepted since the latest power-up."""
    boot_after_s: float = 0.0

    def own_s(self, now_s: float) -> float:
        """Read the charger's own clock."""
        return now_s + self.clock_error_s

    def set_clock(self, answer: Payload, now_s: float) -> None:
        """
        Set the clock to the server's `currentTime`.

        Raises:
            CallRefused: if the answer holds none.
        """
        current_s = moment(answer, "currentTime")
        if current_s is None:
            raise CallRefused("OccurenceConstraintViolation", "currentTime is missing")
        self.clock_error_s = current_s - now_s

    def answered(self, answer: Payload, now_s: float) -> int:
        """
        Take the answer to BootNotification.

        Returns:
            The heartbeat interval it asks for, in seconds; 0 if none.

        Raises:
            CallRefused: if the answer is not one; nothing has changed then.
        """
        status, interval_s = needed(answer, "status", str), needed(answer, "interval", int)
        self.set_clock(answer, now_s)
        self.accepted = self.booted = status == "Accepted"
        self.refused = status == "Rejected"
        if self.accepted:
            return interval_s
        self.boot_again(now_s + (interval_s if interval_s > 0 else BOOT_AGAIN_S))
        return 0

    def boot_again(self, after_s: float) -> None:
        """Have a BootNotification sent, not before a moment."""
        self.booted, self.boot_after_s = False, after_s
