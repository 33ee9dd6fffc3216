"""
Commands about what chargers show who they are with: taken from NATS, decided, answered.

A new password is in the first answer to its command and nowhere else; a repetition of the command gets an
answer that says so. What has to be told a connected charger is handed on to the gateway that holds its
socket.
"""

from collections.abc import Mapping
from typing import Final

from faststream.nats import NatsRouter

from services.telemetry import credentials
from services.telemetry.asked_door import MARGIN_S, QUEUE, ChargerNotReached
from services.telemetry.charger import AssignedCharger
from services.telemetry.credentials import (
    NONE_YET,
    CredentialFact,
    Credentials,
)
from services.telemetry.parts import Parts
from services.telemetry.projections import Assignments
from services.telemetry.standing_there import There, needed, standing_there
from shared import subjects
from shared.asking import command_routes
from shared.context import Context
from shared.decider import Across, Decider, Refused
from shared.ids import InstallationId, Serial, new_id
from shared.messages import Answer, ShownOnce, sent
from shared.messages.credentials import (
    CredentialCommand,
    IssueChargerCredential,
    OneChargerCredential,
    RotateChargerCredential,
    WithdrawChargerCredential,
)
from shared.messaging import ServiceUnavailable, request
from shared.transact import refusal_of, transact, transact_across

COMMANDS: Final[tuple[type[CredentialCommand], ...]] = (
    IssueChargerCredential,
    RotateChargerCredential,
    WithdrawChargerCredential,
)
SHOWN_BEFORE: Final = (
    "it was done before, and what was made then was shown in the first answer only; if that is lost, "
    "issue another one"
)


class PasswordInTheOpen(Refused):
    """The gateway listens to a network without TLS: everybody could read the password."""


class CredentialDesk:
    """Decides on passwords of chargers."""

    def __init__(self, parts: Parts, assignments: Assignments) -> None:
        self._parts = parts
        self._assignments = assignments

    # --- Issuing ---

    async def execute(self, command: CredentialCommand, context: Context) -> Answer:
        """Decide on a command, or hand it on."""
        match command:
            case IssueChargerCredential():
                return await self._issue(command, context)
            case WithdrawChargerCredential():
                return await self._withdraw(command, context)
            case RotateChargerCredential():
                return await self._rotate(command, context)
            case _:
                raise TypeError(f"{type(command).__name__} is not taken here")

    async def _issue(self, command: IssueChargerCredential, context: Context) -> Answer:
        """Make passwords, and tell them once."""
        serials = tuple(dict.fromkeys(command.serials))
        there = await self._there(command.installation_id, serials)
        fresh = {serial: new_id() for serial in serials}
        made = await self._made(fresh)

        def decide(
            wish: IssueChargerCredential, states: tuple[Credentials, ...]
        ) -> tuple[tuple[CredentialFact, ...], ...]:
            self._check_safe()
            places = [needed(there, it, wish.installation_id) for it in serials]
            return tuple(
                credentials.issue(state, place, fresh[place.serial])
                for place, state in zip(places, states, strict=True)
            )

        across = Across(self._withdrawing(there), decide)
        streams = tuple(credentials.stream_of(it) for it in serials)
        answer = await transact_across(self._parts.store, streams, across, command, context)
        return await self._with_secrets(answer, fresh, made)

    async def _made(self, fresh: Mapping[Serial, str]) -> dict[Serial, str]:
        keyring = self._parts.passes.keyring
        return {serial: await keyring.make(it, serial) for serial, it in fresh.items()}

    async def _with_secrets(
        self, answer: Answer, fresh: Mapping[Serial, str], made: Mapping[Serial, str]
    ) -> Answer:
        """Add the passwords that this very call has issued, and forget those that it has not."""
        shown: list[ShownOnce] = []
        for serial, credential_id in fresh.items():
            state = await self._parts.passes.of(serial)
            if any(it.credential_id == credential_id for it in state.live):
                shown.append(ShownOnce(about=serial, secret=made[serial]))
            else:
                await self._parts.passes.keyring.forget([credential_id])
        if shown:
            return answer.model_copy(update={"shown_once": tuple(shown)})
        if answer.accepted:
            return answer.model_copy(update={"detail": SHOWN_BEFORE})
        return answer

    def _check_safe(self) -> None:
        if not self._parts.settings.passwords_are_safe:
            raise PasswordInTheOpen(
                "the gateway listens to a network without TLS, where anybody could read passwords; set "
                "TELEMETRY_TLS_CERT and TELEMETRY_TLS_KEY, or, behind a proxy that speaks TLS, "
                "TELEMETRY_PLAIN_PASSWORDS=allowed"
            )

    # --- Withdrawing ---

    async def _withdraw(self, command: WithdrawChargerCredential, context: Context) -> Answer:
        """End all passwords of a charger, and its connection, unless it needs none."""
        there = await self._there(command.installation_id, (command.serial,))
        stream = credentials.stream_of(command.serial)
        decider = self._withdrawing(there)
        answer = await transact(self._parts.store, stream, decider, command, context)
        if answer.accepted:
            await self._parts.passes.forget_ended(command.serial)
        place = there.get(command.serial)
        if answer.accepted and place is not None and not command.let_in_without:
            subject = subjects.charger_command(WithdrawChargerCredential, place.charger_id)
            await self._parts.client.publish(subject, sent(command))
        return answer

    def _withdrawing(
        self, there: There
    ) -> Decider[WithdrawChargerCredential, Credentials, CredentialFact]:
        def decide(
            wish: WithdrawChargerCredential, state: Credentials
        ) -> tuple[CredentialFact, ...]:
            place = needed(there, wish.serial, wish.installation_id)
            return credentials.withdraw(wish, state, place)

        return Decider(NONE_YET, decide, credentials.evolve)

    # --- Over the charger's connection ---

    async def _rotate(self, command: RotateChargerCredential, context: Context) -> Answer:
        """Have the gateway that holds the charger's socket tell it."""
        there = await self._there(command.installation_id, (command.serial,))
        try:
            self._check_safe()
            place = needed(there, command.serial, command.installation_id)
        except Refused as refusal:
            return refusal_of(refusal)
        return await hand_on(self._parts, place, command, context)

    async def _there(
        self, installation_id: InstallationId, serials: tuple[Serial, ...]
    ) -> There:
        return await standing_there(self._assignments, installation_id, serials)


async def hand_on(
    parts: Parts, place: AssignedCharger, command: OneChargerCredential, context: Context
) -> Answer:
    """Hand a wish on to the gateway that holds the charger's socket."""
    subject = subjects.charger_command(type(command), place.charger_id)
    timeout_s = parts.settings.call_timeout_s + MARGIN_S
    try:
        return await request(parts.client, command, subject, context, timeout_s)
    except ServiceUnavailable as fault:
        return refusal_of(
            ChargerNotReached(
                f"charger {place.serial} is not connected, or does not answer ({fault}), so it "
                "cannot be told anything; try again when it is, or issue a password and enter it on "
                f"the charger: ampledger charger credential issue {place.serial}"
            )
        )


def routes(parts: Parts, assignments: Assignments) -> NatsRouter:
    """Answer the commands about what chargers show who they are with."""
    desk = CredentialDesk(parts, assignments)
    return command_routes(COMMANDS, QUEUE, desk.execute, parts.rights.check)
