"""
Commands about certificates of chargers: taken from NATS, decided, answered.

Whoever sends a certificate request by hand vouches for it with their right to do so, not with the charger's
password.
"""

from typing import Final

from faststream.nats import NatsRouter

from services.telemetry import certificates
from services.telemetry.asked_door import QUEUE
from services.telemetry.certificates import CertificateFact, Certificates
from services.telemetry.credential_desk import hand_on
from services.telemetry.parts import Parts
from services.telemetry.projections import Assignments
from services.telemetry.signing import signed
from services.telemetry.standing_there import There, needed, standing_there
from shared import subjects
from shared.asking import command_routes
from shared.context import Context
from shared.decider import Decider, Refused
from shared.messages import Answer, sent
from shared.messages.credentials import (
    IssueChargerCertificate,
    OneChargerCredential,
    RequestChargerCertificate,
    RevokeChargerCertificate,
)
from shared.transact import refusal_of, transact

COMMANDS: Final[tuple[type[OneChargerCredential], ...]] = (
    IssueChargerCertificate,
    RequestChargerCertificate,
    RevokeChargerCertificate,
)


class CertificateDesk:
    """Decides on certificates of chargers."""

    def __init__(self, parts: Parts, assignments: Assignments) -> None:
        self._parts = parts
        self._assignments = assignments

    async def execute(self, command: OneChargerCredential, context: Context) -> Answer:
        """Decide on a command, or hand it on to the gateway that holds the charger's socket."""
        serials = (command.serial,)
        there = await standing_there(self._assignments, command.installation_id, serials)
        if isinstance(command, RequestChargerCertificate):
            try:
                place = needed(there, command.serial, command.installation_id)
            except Refused as refusal:
                return refusal_of(refusal)
            return await hand_on(self._parts, place, command, context)
        stream = certificates.stream_of(command.serial)
        decider = self._decider(there)
        answer = await transact(self._parts.store, stream, decider, command, context)
        if answer.accepted and isinstance(command, RevokeChargerCertificate):
            await self._send_home(there, command)
        return answer

    async def _send_home(self, there: There, command: RevokeChargerCertificate) -> None:
        """End the charger's connection, which may have been opened with the revoked certificate."""
        place = there.get(command.serial)
        if place is not None:
            subject = subjects.charger_command(type(command), place.charger_id)
            await self._parts.client.publish(subject, sent(command))

    def _decider(
        self, there: There
    ) -> Decider[OneChargerCredential, Certificates, CertificateFact]:
        def decide(
            wish: OneChargerCredential, state: Certificates
        ) -> tuple[CertificateFact, ...]:
            place = needed(there, wish.serial, wish.installation_id)
            match wish:
                case IssueChargerCertificate():
                    return signed(self._parts, place, wish.csr)[1]
                case RevokeChargerCertificate():
                    foreign = self._parts.settings.client_ca is not None
                    return certificates.revoke(wish, state, place, foreign=foreign)
                case _:
                    raise TypeError(f"{type(wish).__name__} is not decided here")

        return Decider(certificates.NONE_YET, decide, certificates.evolve)


def routes(parts: Parts, assignments: Assignments) -> NatsRouter:
    """Answer the commands about certificates of chargers."""
    desk = CertificateDesk(parts, assignments)
    return command_routes(COMMANDS, QUEUE, desk.execute, parts.rights.check)
