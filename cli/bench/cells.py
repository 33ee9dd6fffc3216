"""
The table of who may do what, as the design has it, word for word, and the requests that try each cell.

It is typed here once more, and not made of `shared/rights/table.py`: that is what it is compared with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

HARBOUR: Final = "harbour"
OWN, OTHER = "bay-1", "bay-2"
"""The charger that some have a role at, and one that they have none at."""
SERIALS: Final = {OWN: "RIGHTS000001", OTHER: "RIGHTS000002"}
GUEST: Final = "guest"
"""Whom others give roles."""
CIRCUIT: Final = "level-1"


OCPP: Final = "Authorize"
"""In place of a method of HTTP: a card is shown at a charger, and the charger asks (OCPP 1.6)."""


class Column(StrEnum):
    """Who walks: one person each."""

    USER = "user"
    BAY_USER = "user of charger"
    BAY_OWNER = "owner of charger"
    OWNER = "owner of installation"
    SERVICE = "service"
    SUPPORT = "support"
    NOBODY = "nobody"
    TENANT = "another tenant"


class Where(StrEnum):
    """Where something is tried."""

    WHOLE = "installation"
    OWN = "own charger"
    OTHER = "other charger"
    SELF = "oneself"


YES, NO, CHARGER = "yes", "–", "that charger"
REACH: Final[Mapping[str, frozenset[Where]]] = {
    YES: frozenset(Where),
    NO: frozenset(),
    CHARGER: frozenset({Where.OWN}),
    "only with user": frozenset(),
    "whole installation": frozenset(Where),
    "yes (user, owner)": frozenset(Where),
    "yes (service)": frozenset(Where),
    "history of own": frozenset(Where),
    "yes, with a reason": frozenset(Where),
    "yes (authorised installers)": frozenset(Where),
}
"""What the words of a cell mean: where whoever stands above it may."""
AT_CHARGER: Final = frozenset({Where.OWN, Where.SELF})
"""Where a user of one charger may, if a user may."""
SEEN_AT_CHARGER: Final = AT_CHARGER | {Where.WHOLE}
"""Who has a role at a charger sees the installation that it is in."""


@dataclass(frozen=True, slots=True)
class Try:
    """One request, with what it says in place of what may be said by role."""

    where: Where
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    by: Mapping[Column, Mapping[str, Any]] = field(default_factory=dict)
    """Bodies of some."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row, or a part of one: its five cells as the design spells them, and how they are tried."""

    name: str
    user: str
    charger_owner: str
    owner: str
    service: str
    support: str
    tries: tuple[Try, ...]
    own: bool = False
    """It is about whoever asks: who has a role anywhere may."""
    seen: bool = False
    """A role at one charger is enough for the installation."""


HERE: Final = f"/installations/{HARBOUR}"


def _bay(bay: str) -> str:
    return f"{HERE}/chargers/{bay}"


def _at_all(method: str, below: str, body: Mapping[str, Any] | None = None) -> tuple[Try, ...]:
    """Try the same at the installation and at both chargers."""
    return (Try(Where.WHOLE, method, f"{HERE}{below}", body), *_at_bays(method, below, body))


def _at_bays(method: str, below: str, body: Mapping[str, Any] | None = None) -> tuple[Try, ...]:
    return (
        Try(Where.OWN, method, f"{_bay(OWN)}{below}", body),
        Try(Where.OTHER, method, f"{_bay(OTHER)}{below}", body),
    )


def _grants(path: str, where: Where) -> Try:
    """Those who serve give the role of those who serve; others that of users."""
    body = {"grantee": f"person/{GUEST}", "role": "USER"}
    return Try(where, "POST", path, body, {Column.SERVICE: body | {"role": "SERVICE"}})


_INSTALLATION: Final = {
    "name": "Shed",
    "address": "Strandgata 3",
    "category": "PRIVATE",
    "country": "NO",
    "type": "HOME",
    "grid_type": "TN_3_PHASE",
    "breaker_a": 32,
}

ROWS: Final = (
    Row(
        "charge where authentication is required",
        *(YES, YES, YES, "only with user", NO),
        (
            *_at_bays("POST", "/start", {}),
            Try(Where.OWN, OCPP, OWN),
            Try(Where.OTHER, OCPP, OTHER),
        ),
    ),
    Row("see where one has a role", *(YES,) * 5, _at_all("GET", ""), seen=True),
    Row(
        "own sessions",
        *(YES, YES, YES, YES, NO),
        (Try(Where.SELF, "GET", "/sessions"),),
        own=True,
    ),
    Row(
        "live status",
        *(NO, CHARGER, "whole installation", YES, YES),
        _at_all("GET", "/live"),
    ),
    Row("all sessions", *(NO, CHARGER, YES, NO, NO), _at_all("GET", "/sessions")),
    Row(
        "charge reports",
        *(NO, NO, YES, NO, NO),
        (Try(Where.WHOLE, "GET", f"{HERE}/report"),),
    ),
    Row(
        "permissions",
        *(NO, CHARGER, "yes (user, owner)", "yes (service)", NO),
        (*_at_all("GET", "/roles"), _grants(f"{HERE}/roles", Where.WHOLE)),
    ),
    Row(
        "authentication setting",
        *(NO, CHARGER, YES, YES, NO),
        _at_all("PUT", "/authentication", {"required": True}),
    ),
    Row(
        "firmware upgrade",
        *(NO, NO, YES, YES, NO),
        _at_bays("POST", "/firmware", {"location": "https://firmware.example/go-2.4.bin"}),
    ),
    Row(
        "restart, unlock, take out of use",
        *(NO, CHARGER, YES, YES, NO),
        _at_bays("PUT", "/availability", {"in_use": True}),
    ),
    Row(
        "configuration, diagnostics, certificates",
        *(NO, NO, NO, YES, YES),
        _at_bays("POST", "/clear-cache"),
    ),
    Row(
        "power management, priorities",
        *(NO, NO, NO, YES, NO),
        (
            Try(
                Where.WHOLE,
                "PUT",
                f"{HERE}/available-current",
                {"available_a": [100, 100, 100]},
            ),
            *_at_bays("PUT", "/priority", {"priority": 5}),
        ),
    ),
    Row(
        "technical settings (layout, breakers, grid, chargers)",
        *(NO, NO, NO, YES, NO),
        (
            *_at_all("PATCH", "", {"name": "Renamed"}),
            Try(Where.WHOLE, "PATCH", f"{HERE}/circuits/{CIRCUIT}", {"breaker_a": 63}),
            Try(Where.WHOLE, "POST", f"{HERE}/reactivate"),
        ),
    ),
    Row(
        "create installation",
        *(NO, NO, NO, "yes (authorised installers)", NO),
        (
            Try(
                Where.WHOLE,
                "POST",
                "/installations",
                _INSTALLATION | {"installation_id": "shed"},
            ),
        ),
    ),
    Row(
        "add chargers",
        *(NO, NO, NO, "yes (authorised installers)", NO),
        (
            Try(
                Where.WHOLE,
                "POST",
                f"{HERE}/circuits/{CIRCUIT}/chargers",
                {
                    "chargers": [
                        {"charger_id": "bay-3", "serial": "RIGHTS000003", "name": "Bay 3"}
                    ]
                },
            ),
        ),
    ),
    Row(
        "replay history",
        *(NO, NO, NO, "history of own", "yes, with a reason"),
        (Try(Where.WHOLE, "GET", f"{HERE}/history?reason=Case+4711%3A+why"),),
    ),
    Row(
        "unlock serials",
        *(NO, NO, NO, NO, "yes, with a reason"),
        (
            Try(
                Where.WHOLE,
                "POST",
                f"{HERE}/serials/RIGHTS000009/unlock",
                {"reason": "Case 4711: it was locked by mistake"},
            ),
        ),
    ),
)


def allowed(row: Row, column: Column, where: Where) -> bool:
    """
    Read in the table whether somebody may do something somewhere.

    >>> [allowed(ROWS[3], Column.BAY_OWNER, it) for it in (Where.WHOLE, Where.OWN, Where.OTHER)]
    [False, True, False]
    """
    match column:
        case Column.USER:
            return where in REACH[row.user]
        case Column.BAY_USER:
            reach = SEEN_AT_CHARGER if row.seen else AT_CHARGER
            return where in REACH[row.user] & reach
        case Column.BAY_OWNER:
            reach = SEEN_AT_CHARGER if row.seen else AT_CHARGER
            return where in REACH[row.charger_owner] & reach
        case Column.OWNER:
            return where in REACH[row.owner]
        case Column.SERVICE:
            return where in REACH[row.service]
        case Column.SUPPORT:
            return where in REACH[row.support]
        case Column.NOBODY:
            return False
        case Column.TENANT:
            return row.own
