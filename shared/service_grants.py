"""
What each of our own services may say and hear on NATS: one table, from which the server's configuration
is written (`cli/nats_accounts.py`).

Every service signs in with a key of its own, to an account of its own. The jetstreams are in the account
of the operator; a service reaches there only what its row gives it, and answers find only the way back
(`shared/grants.py` says why one account for all would not do). Whoever adds a subject to
`shared/subjects.py` adds it here, or nobody gets through with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared import subjects
from shared.grants import ACKNOWLEDGE, ACKNOWLEDGE_2, BEGIN, INBOXES, PULL, Grant, Request
from shared.messages.balancer import SiteBalance
from shared.messages.credentials import (
    RequestChargerCertificate,
    RevokeChargerCertificate,
    RotateChargerCredential,
    WithdrawChargerCredential,
)
from shared.messages.notices import SetUpNotes
from shared.messages.people import CardsOf, People, Standing
from shared.messages.permissions import RecordRefusal
from shared.messages.reports import MakeReport
from shared.messages.telemetry import (
    BreakerReading,
    MeterReading,
    SetCurrentLimit,
    StartCharging,
    StopCharging,
    UpdateFirmware,
)
from shared.messages.upkeep import (
    CancelReservation,
    ChangeAvailability,
    ChangeConfiguration,
    ClearCache,
    DeleteCertificate,
    FetchDiagnostics,
    InstallCertificate,
    RaiseSecurityProfile,
    ReadCertificates,
    ReadConfiguration,
    ReserveCharger,
    RestartCharger,
    SendData,
    TriggerMessage,
    UnlockConnector,
    UpdateSignedFirmware,
)

READINGS_CONSUMERS: Final[Mapping[type[MeterReading | BreakerReading], str]] = {
    MeterReading: "telemetry-readings",
    BreakerReading: "telemetry-breaker-readings",
}
"""By which the processes of telemetry take readings to keep them (`shared/readings_consumer.py`)."""

OPERATOR: Final = "operator"
"""Who runs the platform: the `ampledger` command, with everything that NATS has."""

EPOCHS_MAX: Final = 12
"""Of how many epochs of a log the jetstreams can be reached. A log begins a new one when it was restored
from an older copy; NATS cannot match a part of a name, so that each one has to be spelled."""
COPIES_MAX: Final = 16
"""How many gateways, balancers and portals may take part, each with consumers of its own."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Requests to another service: which one, and on which subject."""

    service: str
    subject: str


@dataclass(frozen=True, slots=True)
class Row:
    """
    One service.

    Args:
        takes: what it answers, whoever asks.
        asks: what it asks other services.
        within: what its own processes ask one another, such as whichever holds a charger's socket.
        holds: what it hears of one thing that it holds, such as every command to a charger.
        follows: whose logs.
        says: readings that it publishes.
        hears: readings that it hears as they come, from which service.
        keeps: consumers by which its processes share what its own jetstreams hold: jetstream and name.
        has_log: it announces events of its own.
        jetstreams: what it keeps besides the copy of its log.
        copies: how many processes of it follow, each for itself.
    """

    takes: tuple[str, ...]
    asks: tuple[Ask, ...] = ()
    within: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    hears: tuple[Ask, ...] = ()
    keeps: tuple[tuple[str, str], ...] = ()
    has_log: bool = True
    jetstreams: tuple[str, ...] = ()
    copies: int = 1


INSTALLATION, PERMISSIONS, TELEMETRY = "installation", "permissions", "telemetry"
BALANCER, PORTAL, NOTIFICATIONS = "balancer", "portal", "notifications"

_METER: Final = subjects.telemetry_all(MeterReading)
_BREAKER: Final = subjects.telemetry_all(BreakerReading)
_BALANCE: Final = subjects.telemetry_all(SiteBalance)
_LIMIT: Final = subjects.charger_command(SetCurrentLimit, "*")
_WITHIN: Final = tuple(
    subjects.charger_command(it, "*")
    for it in (
        StartCharging,
        StopCharging,
        UpdateFirmware,
        RotateChargerCredential,
        WithdrawChargerCredential,
        RequestChargerCertificate,
        RevokeChargerCertificate,
        RestartCharger,
        UnlockConnector,
        ChangeAvailability,
        ClearCache,
        TriggerMessage,
        ReadConfiguration,
        ChangeConfiguration,
        SendData,
        ReserveCharger,
        CancelReservation,
        FetchDiagnostics,
        InstallCertificate,
        ReadCertificates,
        DeleteCertificate,
        RaiseSecurityProfile,
        UpdateSignedFirmware,
    )
)


def _doors(service: str) -> tuple[str, ...]:
    queries = subjects.query(service, ">")
    return subjects.commands_of(service), subjects.asked_of(service), queries


TELEMETRY_QUERIES: Final = (CardsOf.__name__, Standing.__name__)
"""What telemetry asks permissions: whose cards go to a charger's own list, and how far its log is."""
_REPORT: Final = subjects.query(PORTAL, MakeReport.__name__)
_ASKED: Final = (INSTALLATION, PERMISSIONS, TELEMETRY, BALANCER, NOTIFICATIONS)

SERVICES: Final[Mapping[str, Row]] = {
    INSTALLATION: Row(takes=_doors(INSTALLATION), follows=(PERMISSIONS,)),
    PERMISSIONS: Row(
        takes=(*_doors(PERMISSIONS), subjects.operator_query(PERMISSIONS, ">")),
        follows=(INSTALLATION,),
    ),
    TELEMETRY: Row(
        takes=(*_doors(TELEMETRY), _LIMIT),
        asks=tuple(
            Ask(PERMISSIONS, subjects.query(PERMISSIONS, it)) for it in TELEMETRY_QUERIES
        ),
        within=(*_WITHIN, subjects.let_go("*"), subjects.gateways("*")),
        holds=(subjects.charger_commands("*"),),
        follows=(INSTALLATION, PERMISSIONS),
        says=(_METER, _BREAKER),
        keeps=tuple((subjects.TELEMETRY_JETSTREAM, it) for it in READINGS_CONSUMERS.values()),
        jetstreams=(subjects.TELEMETRY_JETSTREAM,),
        copies=COPIES_MAX,
    ),
    BALANCER: Row(
        takes=_doors(BALANCER),
        asks=(Ask(TELEMETRY, _LIMIT),),
        follows=(INSTALLATION, PERMISSIONS, TELEMETRY),
        says=(_BALANCE,),
        hears=(Ask(TELEMETRY, _METER), Ask(TELEMETRY, _BREAKER)),
        copies=COPIES_MAX,
    ),
    PORTAL: Row(
        takes=(_REPORT,),
        asks=(
            *(Ask(it, subjects.asked_of(it)) for it in _ASKED),
            *(Ask(it, subjects.query(it, ">")) for it in _ASKED),
            Ask(PERMISSIONS, subjects.command(RecordRefusal)),
        ),
        follows=_ASKED,
        hears=(Ask(TELEMETRY, _METER), Ask(BALANCER, _BALANCE)),
        has_log=False,
        copies=COPIES_MAX,
    ),
    NOTIFICATIONS: Row(
        takes=(*_doors(NOTIFICATIONS), subjects.operator_query(NOTIFICATIONS, ">")),
        asks=(
            Ask(PERMISSIONS, subjects.query(PERMISSIONS, People.__name__)),
            Ask(INSTALLATION, subjects.query(INSTALLATION, SetUpNotes.__name__)),
            Ask(PORTAL, _REPORT),
        ),
        follows=(INSTALLATION, PERMISSIONS, TELEMETRY, BALANCER),
        hears=(Ask(BALANCER, _BALANCE),),
    ),
}

OPERATOR_ASKS: Final = tuple(
    Ask(service, subject)
    for service, row in SERVICES.items()
    for subject in row.takes
    if not subject.startswith(subjects.ASKED)
)
"""What the operator may ask services: everything but in the name of a person."""

# --- What JetStream is asked for ---

ABOUT_JETSTREAM: Final = "$JS.API.INFO"
NAMES: Final = "$JS.API.STREAM.NAMES"
LIST: Final = "$JS.API.STREAM.LIST"
LOOK: Final = "$JS.API.STREAM.INFO.{jetstream}"
READ: Final = "$JS.API.STREAM.MSG.GET.{jetstream}"
ASK_AFTER: Final = Request("$JS.API.CONSUMER.INFO.{jetstream}.{consumer}")

CONSUMER_REQUESTS: Final = (ASK_AFTER, BEGIN, PULL, ACKNOWLEDGE, ACKNOWLEDGE_2)
"""What is asked about a consumer of one's own, wherever the operator has made it."""
SHARED_REQUESTS: Final = tuple(it for it in CONSUMER_REQUESTS if it is not BEGIN)
"""What is asked about a consumer that several processes pull from: none of them sets it to a position."""


def offers() -> dict[str, bool]:
    """
    Name what the operator's account has for services, and whether it is answered more than once.

    Each of them imports the part that its row gives it.
    """
    single = (ABOUT_JETSTREAM, NAMES, LIST)
    looked = (it.format(jetstream="*") for it in (LOOK, READ))
    consumed = {it.about("*"): it.many for it in CONSUMER_REQUESTS}
    said = (subject for row in SERVICES.values() for subject in row.says)
    announced = (subjects.events_of(name) for name, row in SERVICES.items() if row.has_log)
    return dict.fromkeys((*single, *looked, *said, *announced), False) | consumed


def account_of(service: str) -> str:
    """
    Name the account of a service; it is nobody's subscriber.

    >>> account_of("telemetry")
    'service-telemetry'
    """
    return f"service-{service}"


def jetstreams_of(service: str) -> tuple[str, ...]:
    """Name the jetstreams that copy a service's log, in all epochs that can be reached."""
    return tuple(subjects.jetstream_of(service, it) for it in range(1, EPOCHS_MAX + 1))


def consumers_of(service: str, followed: str) -> tuple[str, ...]:
    """
    Name the consumers by which a service follows a log; those of further processes are numbered.

    >>> consumers_of("balancer", "telemetry")[:2]
    ('balancer-telemetry', 'balancer-2-telemetry')
    """
    numbers = range(2, SERVICES[service].copies + 1)
    names = (service, *(f"{service}-{number}" for number in numbers))
    return tuple(f"{name}-{followed}" for name in names)


def reached(service: str) -> tuple[str, ...]:
    """
    Spell what a service may ask of the operator's account: to publish there, and to read and pull. It makes
    no jetstream and no consumer (`cli/providing.py` says why).
    """
    row = SERVICES[service]
    own = (*(jetstreams_of(service) if row.has_log else ()), *row.jetstreams)
    followed = tuple(name for log in row.follows for name in jetstreams_of(log))
    consumers = (name for log in row.follows for name in consumers_of(service, log))
    return (
        *(ABOUT_JETSTREAM, NAMES, LIST),
        *((subjects.events_of(service),) if row.has_log else ()),
        *row.says,
        *(it.format(jetstream=name) for name in (*own, *followed) for it in (LOOK, READ)),
        *(it.about(consumer) for consumer in consumers for it in CONSUMER_REQUESTS),
        *(it.about(name, jetstream) for jetstream, name in row.keeps for it in SHARED_REQUESTS),
    )


def askers(service: str, subject: str) -> tuple[str, ...]:
    """Name the accounts that may ask a service on (a part of) a subject."""
    named = (
        account_of(name) for name, row in SERVICES.items() if _asks(row.asks, service, subject)
    )
    return tuple(named)


def hearers(service: str, subject: str) -> tuple[str, ...]:
    """Name the accounts that hear readings of a service as they come."""
    return tuple(
        account_of(name) for name, row in SERVICES.items() if Ask(service, subject) in row.hears
    )


def _asks(asks: Iterable[Ask], service: str, subject: str) -> bool:
    return any(it.service == service and subjects.within(it.subject, subject) for it in asks)


def grant(service: str) -> Grant:
    """
    Grant a service what its row says, and nothing else. Besides, it may answer whatever it is asked.

    >>> "events.telemetry.>" in grant("telemetry").publish
    True
    >>> "events.balancer.>" in grant("telemetry").publish
    False
    """
    row = SERVICES[service]
    return Grant(
        publish=(*reached(service), *(it.subject for it in row.asks), *row.within),
        subscribe=(
            INBOXES,
            *row.takes,
            *row.within,
            *row.holds,
            *(it.subject for it in row.hears),
        ),
    )
