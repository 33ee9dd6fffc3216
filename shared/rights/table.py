"""
Who may do what: one table, which services, portal, tests and documents read.

A role counts where it was given: at one charger, or at an installation with everything in it. What SUPPORT
may do, it may everywhere.
"""

from enum import StrEnum
from typing import Final

from shared.messages.permissions import Role


class Standing(StrEnum):
    """What somebody is: a column of the table."""

    USER = "user"
    CHARGER_OWNER = "owner of charger"
    INSTALLATION_OWNER = "owner of installation"
    SERVICE = "service"
    SUPPORT = "support"


class Action(StrEnum):
    """What somebody wants to do: a row of the table."""

    CHARGE = "charge where authentication is required"
    SEE = "see where one has a role"
    OWN_SESSIONS = "own sessions"
    LIVE = "live status"
    ALL_SESSIONS = "all sessions"
    REPORTS = "charge reports"
    PERMISSIONS = "permissions"
    AUTHENTICATION = "authentication setting"
    FIRMWARE = "firmware upgrade"
    OPERATE = "restart, unlock, take out of use"
    DIAGNOSE = "configuration, diagnostics, certificates"
    WARNINGS = "warning e-mails"
    POWER = "power management, priorities"
    TECHNICAL = "technical settings"
    CREATE_INSTALLATION = "create installation"
    ADD_CHARGERS = "add chargers"
    HISTORY = "replay history"
    UNLOCK = "unlock serials"


_USER, _CHARGER, _OWNER, _SERVICE, _SUPPORT = Standing
_ALL: Final = frozenset(Standing)

TABLE: Final[dict[Action, frozenset[Standing]]] = {
    Action.CHARGE: frozenset({_USER, _CHARGER, _OWNER}),
    Action.SEE: _ALL,
    Action.OWN_SESSIONS: _ALL - {_SUPPORT},
    Action.LIVE: _ALL - {_USER},
    Action.ALL_SESSIONS: frozenset({_CHARGER, _OWNER}),
    Action.REPORTS: frozenset({_OWNER}),
    Action.PERMISSIONS: frozenset({_CHARGER, _OWNER, _SERVICE}),
    Action.AUTHENTICATION: frozenset({_CHARGER, _OWNER, _SERVICE}),
    Action.FIRMWARE: frozenset({_OWNER, _SERVICE}),
    Action.OPERATE: frozenset({_CHARGER, _OWNER, _SERVICE}),
    Action.DIAGNOSE: frozenset({_SERVICE, _SUPPORT}),
    Action.WARNINGS: frozenset({_OWNER, _SERVICE}),
    Action.POWER: frozenset({_SERVICE}),
    Action.TECHNICAL: frozenset({_SERVICE}),
    Action.CREATE_INSTALLATION: frozenset({_SERVICE}),
    Action.ADD_CHARGERS: frozenset({_SERVICE}),
    Action.HISTORY: frozenset({_SERVICE, _SUPPORT}),
    Action.UNLOCK: frozenset({_SUPPORT}),
}
"""Which standings may do which action."""

FOR_INSTALLERS: Final = frozenset({Action.CREATE_INSTALLATION, Action.ADD_CHARGERS})
"""What besides asks for being an authorised installer. For the first, that alone is asked: nobody has a
role yet at an installation that does not exist."""

ANYWHERE: Final = frozenset({Action.SEE, Action.OWN_SESSIONS})
"""What shows people their own, so that a role anywhere in the installation, or anywhere at all if none is
named, is enough."""

GRANTABLE: Final[dict[Standing, frozenset[Role]]] = {
    _CHARGER: frozenset({Role.USER, Role.OWNER}),
    _OWNER: frozenset({Role.USER, Role.OWNER}),
    _SERVICE: frozenset({Role.SERVICE}),
}
"""Which roles those who may set permissions may give and take."""
