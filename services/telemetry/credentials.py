"""
What a charger shows who it is with: decided on the history of its serial number's passwords.

    issued      good at once, beside what the charger had before
    delivered   the charger has taken it over its connection
    shown       the charger has come with it: those before it end
    ended       good for nothing any more

A password is good for as long as the charger belongs to the same tenure: moves keep it, a removal ends it.
No secret is in here, only ids of secrets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from services.telemetry.charger import AssignedCharger
from shared.decider import Refused
from shared.messages.credentials import (
    ChargerCredentialDelivered,
    ChargerCredentialEnded,
    ChargerCredentialIssued,
    CredentialEnd,
    WithdrawChargerCredential,
)

LIVE_MAX: Final = 4
"""How many passwords of a charger are good side by side, until it has come with the newest one."""

CredentialFact = ChargerCredentialIssued | ChargerCredentialDelivered | ChargerCredentialEnded

# --- Refusals ---


class ChargerNotThere(Refused):
    """The charger is not assigned to that installation."""


class TooManyPasswords(Refused):
    """The charger has been given several passwords and has come with none of them."""


class NoPassword(Refused):
    """The charger has no password that could be replaced."""


class HasPassword(Refused):
    """The charger was issued a password, and has to show it to be given another one."""


# --- State ---


@dataclass(frozen=True, slots=True)
class Credential:
    """One password that is good for something."""

    credential_id: str
    tenure: str
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """The passwords of one serial number, or the tokens of one meter."""

    live: tuple[Credential, ...] = ()
    """In the order in which they were issued."""
    demanded_in: str | None = None
    """The tenure in which the charger was issued one: it is let in with one only."""
    latest_id: str = ""
    """The one that was issued last, good or not."""

    def good(self, tenure: str) -> tuple[str, ...]:
        """Name the passwords that are good at present, by their ids."""
        return tuple(it.credential_id for it in self.live if it.tenure == tenure)

    def demanded(self, tenure: str) -> bool:
        """Tell whether one has to be shown."""
        return self.demanded_in == tenure

    def with_issued(self, credential_id: str, tenure: str) -> "Credentials":
        """Say what holds when another one was issued."""
        live = (*self.live, Credential(credential_id, tenure))
        return Credentials(live, tenure, latest_id=credential_id)

    def without(self, credential_id: str, why: CredentialEnd) -> "Credentials":
        """Say what holds when one has ended."""
        live = tuple(it for it in self.live if it.credential_id != credential_id)
        over = why in {CredentialEnd.WAIVED, CredentialEnd.REMOVED}
        return replace(self, live=live, demanded_in=None if over else self.demanded_in)

    def before(self, credential_id: str) -> tuple[Credential, ...]:
        """Name those that were issued before one that is good."""
        ids = [it.credential_id for it in self.live]
        return self.live[: ids.index(credential_id)] if credential_id in ids else ()

    def withdrawable(self, tenure: str, *, let_in_without: bool) -> tuple[Credential, ...]:
        """Name those whose end says that none is good any more; of several withdrawn before, the last
        one once more, if from now on none is needed.
        """
        if not self.live and let_in_without and self.demanded(tenure):
            return (Credential(self.latest_id, tenure),)
        return self.live


NONE_YET: Final = Credentials()


def stream_of(serial: str) -> str:
    """Name the stream of a serial number's passwords."""
    return f"credential-{serial}"


def evolve(state: Credentials, event: CredentialFact) -> Credentials:
    """Fold an event into what is known; history is not up for debate."""
    match event:
        case ChargerCredentialIssued():
            return state.with_issued(event.credential_id, event.assignment)
        case ChargerCredentialDelivered():
            live = tuple(
                replace(it, delivered=True) if it.credential_id == event.credential_id else it
                for it in state.live
            )
            return replace(state, live=live)
        case ChargerCredentialEnded():
            return state.without(event.credential_id, event.why)
        case _:
            assert_never(event)


def folded(history: Sequence[CredentialFact]) -> Credentials:
    """Fold a whole history."""
    state = NONE_YET
    for event in history:
        state = evolve(state, event)
    return state


# --- Decide ---


def issue(
    state: Credentials, assigned: AssignedCharger, credential_id: str
) -> tuple[CredentialFact, ...]:
    """
    Issue a password; those of an earlier tenure end.

    Raises:
        TooManyPasswords: so many are good already that the charger has not come with.
    """
    former = [it for it in state.live if it.tenure != assigned.tenure]
    if len(state.live) - len(former) >= LIVE_MAX:
        raise TooManyPasswords(
            f"charger {assigned.serial} has been given {LIVE_MAX} passwords and has not come with "
            "the newest one; enter that on the charger, or withdraw them: ampledger charger "
            f"credential withdraw {assigned.serial}"
        )
    issued = ChargerCredentialIssued(
        **_whose(assigned), credential_id=credential_id, assignment=assigned.tenure
    )
    return (*_ended(assigned, former, CredentialEnd.REMOVED), issued)


def rotate(
    state: Credentials, assigned: AssignedCharger, credential_id: str
) -> tuple[CredentialFact, ...]:
    """
    Issue a password that the charger is told over its connection.

    Raises:
        NoPassword: it has none; the first one is entered by hand.
        TooManyPasswords: so many are good already that the charger has not come with.
    """
    if not state.good(assigned.tenure):
        raise NoPassword(
            f"charger {assigned.serial} has no password yet, so nobody knows who would be told a "
            "new one; issue the first one, and enter it on the charger: ampledger charger "
            f"credential issue {assigned.serial}"
        )
    return issue(state, assigned, credential_id)


def introduce(
    state: Credentials, assigned: AssignedCharger, credential_id: str
) -> tuple[CredentialFact, ...]:
    """
    The charger has taken its first password, over a connection that somebody has vouched for.

    It is issued once the charger has it, and not before: one that has not taken it goes on without.

    Raises:
        HasPassword: it was issued one before.
    """
    if state.demanded(assigned.tenure):
        raise HasPassword(
            f"charger {assigned.serial} was issued a password before, so whoever is connected without "
            "one is not trusted; enter one by hand: ampledger charger credential issue "
            f"{assigned.serial}"
        )
    issued = issue(state, assigned, credential_id)
    taken = ChargerCredentialDelivered(**_whose(assigned), credential_id=credential_id)
    return (*issued, taken)


def withdraw(
    command: WithdrawChargerCredential, state: Credentials, assigned: AssignedCharger
) -> tuple[CredentialFact, ...]:
    """End all passwords of a charger; nothing, if it is so already."""
    waived = command.let_in_without
    why = CredentialEnd.WAIVED if waived else CredentialEnd.WITHDRAWN
    ending = state.withdrawable(assigned.tenure, let_in_without=waived)
    return _ended(assigned, ending, why)


def delivered(
    state: Credentials, assigned: AssignedCharger, credential_id: str
) -> tuple[CredentialFact, ...]:
    """The charger has taken a password over its connection; nothing, if it is good no more."""
    if credential_id not in state.good(assigned.tenure):
        return ()
    return (ChargerCredentialDelivered(**_whose(assigned), credential_id=credential_id),)


def rejected(
    state: Credentials, assigned: AssignedCharger, credential_id: str, status: str
) -> tuple[CredentialFact, ...]:
    """The charger did not take a password: it is good for nothing."""
    offered = [it for it in state.live if it.credential_id == credential_id]
    return _ended(assigned, offered, CredentialEnd.REJECTED, status)


def shown(
    state: Credentials, assigned: AssignedCharger, credential_id: str
) -> tuple[CredentialFact, ...]:
    """The charger has come with one of its passwords: those before it end."""
    return _ended(assigned, state.before(credential_id), CredentialEnd.REPLACED)


def removed(state: Credentials, left: AssignedCharger) -> tuple[CredentialFact, ...]:
    """The charger was taken away: what it had ends."""
    return _ended(
        left, [it for it in state.live if it.tenure == left.tenure], CredentialEnd.REMOVED
    )


def _ended(
    assigned: AssignedCharger,
    credentials: Sequence[Credential],
    why: CredentialEnd,
    detail: str = "",
) -> tuple[ChargerCredentialEnded, ...]:
    return tuple(
        ChargerCredentialEnded(
            **_whose(assigned), credential_id=it.credential_id, why=why, detail=detail
        )
        for it in credentials
    )


def _whose(assigned: AssignedCharger) -> dict[str, str]:
    return {
        "installation_id": assigned.installation_id,
        "charger_id": assigned.charger_id,
        "serial": assigned.serial,
    }
