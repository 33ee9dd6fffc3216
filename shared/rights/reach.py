"""
How far somebody's way of asking reaches: a token's scopes, and a session's latest proof of who it is.

It comes before the table: what a token is not meant for is refused whatever its owner may.
"""

from datetime import datetime
from typing import Final

from shared.decider import Refused
from shared.messages.signing_in import Asker, Scope
from shared.rights.table import Action

SCOPE_OF: Final[dict[Action, Scope]] = {
    Action.CHARGE: Scope.CHARGE,
    Action.SEE: Scope.READ,
    Action.OWN_SESSIONS: Scope.READ,
    Action.LIVE: Scope.READ,
    Action.ALL_SESSIONS: Scope.READ,
    Action.REPORTS: Scope.READ,
    Action.PERMISSIONS: Scope.PERMISSIONS,
    Action.AUTHENTICATION: Scope.MANAGE,
    Action.FIRMWARE: Scope.MANAGE,
    Action.OPERATE: Scope.MANAGE,
    Action.DIAGNOSE: Scope.SERVICE,
    Action.WARNINGS: Scope.MANAGE,
    Action.POWER: Scope.SERVICE,
    Action.TECHNICAL: Scope.SERVICE,
    Action.CREATE_INSTALLATION: Scope.SERVICE,
    Action.ADD_CHARGERS: Scope.SERVICE,
    Action.HISTORY: Scope.READ,
    Action.UNLOCK: Scope.SERVICE,
}
"""The scope that a token needs for an action."""

STEP_UP: Final = frozenset(
    {
        Action.TECHNICAL,
        Action.POWER,
        Action.ADD_CHARGERS,
        Action.CREATE_INSTALLATION,
        Action.UNLOCK,
        Action.DIAGNOSE,
        Action.PERMISSIONS,
    }
)
"""What a session may do only when its person has shown a password or a passkey not long ago."""


class OutOfScope(Refused):
    """The token is not meant for this."""


class StepUpNeeded(Refused):
    """The person has to show once more who they are."""


def reaches(asker: Asker, action: Action, now: datetime) -> None:
    """
    Check that this way of asking is good enough for an action, whoever it is.

    Raises:
        OutOfScope: the token lacks the scope.
        StepUpNeeded: the session's latest proof is too old.
    """
    if asker.scopes is not None:
        needed = SCOPE_OF[action]
        if needed not in asker.scopes:
            raise OutOfScope(
                f"{action.value} takes a token with the scope {needed.value}; this one has "
                f"{', '.join(sorted(asker.scopes))}; make another one under My account"
            )
    elif action in STEP_UP and (asker.stepped_up_until is None or asker.stepped_up_until < now):
        raise StepUpNeeded(
            f"{action.value} takes a password or a passkey shown a short while ago; "
            "confirm at /step-up that it is you, then try again"
        )
