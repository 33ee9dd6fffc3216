"""
Everybody who deals with one connected charger: each takes, asks or tells something of its own.

They are put together here, on what the connection does for all of them.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, Protocol

from nats.aio.msg import Msg

from services.telemetry.admission import Admission
from services.telemetry.answering import Answering
from services.telemetry.calls import Calls
from services.telemetry.clock_keeping import ClockKeeping
from services.telemetry.commanded import Take
from services.telemetry.commands import LimitDesk
from services.telemetry.dialect import Dialect
from services.telemetry.drivers import Drivers
from services.telemetry.fail_safes import FailSafes
from services.telemetry.handlers import routes
from services.telemetry.histories import History
from services.telemetry.holding import Holding
from services.telemetry.identities import Proof
from services.telemetry.learning import Learning
from services.telemetry.local_lists import LocalList
from services.telemetry.noticing import Noticing
from services.telemetry.parting import Parting
from services.telemetry.parts import Parts
from services.telemetry.records import Records
from services.telemetry.remote_control import RemoteDesk
from services.telemetry.reported import Reported
from services.telemetry.revoking import Revoking
from services.telemetry.rotation import Rotation
from services.telemetry.said import Metered
from services.telemetry.short_cut import ShortCut
from services.telemetry.signing import Signing
from services.telemetry.sockets import ChargerSocket
from services.telemetry.tolerance import Tolerance
from services.telemetry.upkeep_desk import UpkeepDesk
from services.telemetry.verifying import Verifying
from services.telemetry.visits import Visit
from services.telemetry.wishes import Wishes
from shared.messages.credentials import (
    RequestChargerCertificate,
    RevokeChargerCertificate,
    RotateChargerCredential,
    WithdrawChargerCredential,
)
from shared.messages.telemetry import (
    SetCurrentLimit,
    StartCharging,
    StopCharging,
    UpdateFirmware,
)


class Carrier(Protocol):
    """What a connection does for them."""

    async def send(self, data: bytes) -> None:
        """Send a frame; nothing happens on a connection that is gone."""

    def beside(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        """Do something until the connection ends, whoever has asked for it."""

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something besides handling requests, such as asking the charger."""

    def send_home(self, reason: str) -> None:
        """Close the connection; the charger comes again, if it may."""

    def leave_as_barred(self) -> None:
        """Have the charger draw nothing, and send it away."""


class Desks:
    """Those who deal with one charger, as long as its connection lasts."""

    __slots__ = (
        "_carrier",
        "_remote",
        "_rotation",
        "_verifying",
        "admission",
        "answering",
        "calls",
        "limits",
        "local_list",
        "parting",
        "revoking",
        "short_cut",
        "signing",
        "upkeep",
    )

    def __init__(
        self,
        parts: Parts,
        history: History,
        dialect: Dialect,
        socket: ChargerSocket,
        remote: str,
        proof: Proof,
        carrier: Carrier,
    ) -> None:
        """
        Put them together.

        Args:
            parts: what all connections stand on.
            history: the charger's.
            dialect: what it speaks.
            socket: its own.
            remote: the network address it comes from.
            proof: what it has shown.
            carrier: its connection.
        """
        self._carrier = carrier
        self.calls = Calls(
            carrier.send, dialect.violation_of_answer, parts.settings.call_timeout_s
        )
        tongue = dialect.tongue(self.calls.call)
        holding = Holding(history, tongue)
        learning = Learning(parts, history, tongue, holding)
        fail_safes = FailSafes(parts, history, holding, learning)
        self._verifying = Verifying(history, tongue, holding, self.calls.lost, carrier.aside)
        self.admission: Admission | Visit
        if history.assigned.barred is None:
            self.admission = Admission(
                parts,
                history,
                self.calls,
                tongue,
                fail_safes,
                remote,
                self._on_accepted,
            )
        else:
            self.admission = Visit(parts, history, fail_safes, carrier.leave_as_barred)
        self.parting = Parting(parts, history, self.calls, tongue, holding, fail_safes)
        self.limits = LimitDesk(
            parts, history, holding, self.is_accepted, self._verifying.limit_taken
        )
        drivers = Drivers(parts, history)
        wishes, records = Wishes(parts, history, self.is_accepted), Records(parts, history)
        self._remote = RemoteDesk(parts, history, tongue, drivers, wishes)
        self.upkeep = UpkeepDesk(
            parts,
            history,
            dialect.upkeep(self.calls.call),
            records,
            wishes,
            self.calls.lost,
            carrier.aside,
        )
        self.revoking = Revoking(parts, history, tongue, drivers, self.is_accepted)
        self.local_list = LocalList(parts, history, tongue, self.is_accepted, carrier.beside)
        self._rotation = Rotation(
            parts, history, tongue, carrier.send_home, proven=proof.proven
        )
        self.signing = Signing(parts, history, tongue, proof, carrier.aside)
        clock = ClockKeeping(history, tongue, carrier.aside)
        reported = Reported(parts, history, clock, self._verifying.heard)
        self.answering = Answering(
            history.assigned.serial,
            dialect,
            Tolerance(history, dialect, tolerant=parts.settings.tolerance == "known"),
            self.admission,
            {
                **routes(parts, history, drivers, clock),
                **self.signing.routes(),
                **Noticing(history, records).routes(),
                Metered: reported.metered,
            },
            carrier.send,
            carrier.aside,
            carrier.beside,
        )
        self.short_cut = ShortCut(socket, dialect, self.answering, reported, parts.publisher)

    def is_accepted(self) -> bool:
        """Tell whether the charger is heard, and takes limits."""
        return self.admission.accepted

    def taker(self, name: str) -> Take | None:
        """Say who takes a command of a name; none: the charger is not told such things."""
        take = TAKERS.get(name)
        return self.upkeep.taker(name) if take is None else take(self)

    def _on_accepted(self) -> None:
        self.local_list.due()
        self._verifying.due()

    async def _on_withdrawn(self, _: Msg) -> None:
        self._carrier.send_home("its password was withdrawn")

    async def _on_revoked(self, _: Msg) -> None:
        self._carrier.send_home("a certificate of it was revoked")


TAKERS: Final[Mapping[str, Callable[[Desks], Take]]] = {
    SetCurrentLimit.__name__: lambda it: it.limits.on_message,
    StartCharging.__name__: lambda it: it._remote.on_start,
    StopCharging.__name__: lambda it: it._remote.on_stop,
    UpdateFirmware.__name__: lambda it: it._remote.on_firmware,
    RotateChargerCredential.__name__: lambda it: it._rotation.on_message,
    WithdrawChargerCredential.__name__: lambda it: it._on_withdrawn,
    RequestChargerCertificate.__name__: lambda it: it.signing.on_request,
    RevokeChargerCertificate.__name__: lambda it: it._on_revoked,
}
"""Who takes what a charger can be told from afar, besides what is asked of its hardware."""
