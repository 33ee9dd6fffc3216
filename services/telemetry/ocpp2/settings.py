"""The variables of OCPP 2.x that we set, and read (part 2, appendix 3)."""

from collections.abc import Mapping
from typing import Final

from services.telemetry.dialect import Rhythm
from services.telemetry.lists import Capacity
from services.telemetry.measurands import CURRENT, ENERGY, POWER
from services.telemetry.ocpp2.device_model import Shown, Variable
from services.telemetry.ways import Abilities
from shared.messages.holding import Scope, Unit

BASIC_AUTH_PASSWORD: Final = Variable("SecurityCtrlr", "BasicAuthPassword")
DYNAMIC_PROFILES: Final = Variable("SmartChargingCtrlr", "SupportsDynamicProfiles")
"""2.1: the charger knows profiles whose limit is told anew without the rest."""
PHASE_SWITCHING: Final = (
    Variable("SmartChargingCtrlr", "ACPhaseSwitchingSupported", evse=1),
    Variable("SmartChargingCtrlr", "ACPhaseSwitchingSupported"),
)
"""The EVSE can use whichever phase it is told for one; of the EVSE or of all of them."""
SET_ITEMS_MAX: Final = Variable("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables")
GET_ITEMS_MAX: Final = Variable("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables")
LIST_ENTRIES: Final = Variable("LocalAuthListCtrlr", "Entries")
"""How many entries the local list has; the most it may have is its maxLimit."""
LIST_ITEMS_MAX: Final = Variable("LocalAuthListCtrlr", "ItemsPerMessage")

KNOWS_PROFILES: Final = Variable("SmartChargingCtrlr", "Available")
LEVEL_MAX: Final = Variable("SmartChargingCtrlr", "ProfileStackLevel")
PERIODS_MAX: Final = Variable("SmartChargingCtrlr", "PeriodsPerSchedule")
UNITS: Final = Variable("SmartChargingCtrlr", "RateUnit")
LIMITING: Final = (KNOWS_PROFILES, LEVEL_MAX, PERIODS_MAX, UNITS)
"""By which a charger says how it can be limited."""
SCOPES: Final = (Scope.CHARGER, Scope.SESSIONS)
"""A limit for all of the charger holds whatever other profiles it has; see decision 35."""

Values = Mapping[Variable, str]


def configuration(rhythm: Rhythm) -> Values:
    """
    Say what is set after a boot. Without it many chargers send no meter values at all.

    A transaction is a plugged-in car whose driver was let in: it begins when both are there
    (PowerPathClosed), and ends when either is gone. Readings come with transactions, so none are asked for
    by the clock.
    """
    sampled = f"{CURRENT},{ENERGY},{POWER}"
    return {
        Variable("OCPPCommCtrlr", "HeartbeatInterval"): str(rhythm.heartbeat_s),
        Variable("OCPPCommCtrlr", "WebSocketPingInterval"): str(max(1, round(rhythm.ping_s))),
        Variable("SampledDataCtrlr", "TxUpdatedInterval"): str(rhythm.sample_s),
        Variable("SampledDataCtrlr", "TxUpdatedMeasurands"): sampled,
        Variable("SampledDataCtrlr", "TxStartedMeasurands"): ENERGY,
        Variable("SampledDataCtrlr", "TxEndedMeasurands"): ENERGY,
        Variable("SampledDataCtrlr", "TxEndedInterval"): "0",
        Variable("AlignedDataCtrlr", "Interval"): "0",
        Variable("TxCtrlr", "TxStartPoint"): "PowerPathClosed",
        Variable("TxCtrlr", "TxStopPoint"): "EVConnected,Authorized",
        Variable("SmartChargingCtrlr", "Enabled"): "true",
    }


def offline_manners(*, authentication_required: bool) -> Values:
    """
    Say how drivers are let in, above all while nobody is there to be asked (part 2, section C).

    Online we are asked about everybody, so that every decision is on record; offline the local list
    counts, and strangers may charge only where nobody is asked who they are. What is started from the
    app was authorised before. Who may not charge is stopped.
    """
    strangers = "false" if authentication_required else "true"
    return {
        Variable("LocalAuthListCtrlr", "Enabled"): "true",
        Variable("AuthCacheCtrlr", "Enabled"): "false",
        Variable("AuthCtrlr", "LocalAuthorizeOffline"): "true",
        Variable("AuthCtrlr", "LocalPreAuthorize"): "false",
        Variable("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): strangers,
        Variable("AuthCtrlr", "AuthorizeRemoteStart"): "false",
        Variable("TxCtrlr", "StopTxOnInvalidId"): "true",
    }


def abilities_in(have: Values) -> Abilities:
    """
    Read how a charger can be limited.

    >>> abilities_in({LEVEL_MAX: "0", UNITS: "A,W"}).level_max
    0
    """
    numbers = {it: int(value) for it, value in have.items() if value.isdecimal()}
    words = {it.strip() for it in have.get(UNITS, "").split(",")}
    return Abilities(
        profiles=False if have.get(KNOWS_PROFILES, "").lower() == "false" else None,
        level_max=numbers.get(LEVEL_MAX),
        periods_max=numbers.get(PERIODS_MAX),
        units=frozenset(it for it in Unit if it in words),
        scopes=SCOPES,
    )


def whole_number(text: str | None) -> int | None:
    """
    Read a number above 0; none if it is none.

    >>> whole_number("12"), whole_number("0"), whole_number(None)
    (12, None, None)
    """
    return int(text) if text is not None and text.isdecimal() and int(text) else None


def capacity_of(entries: Shown | None, items: str | None) -> Capacity | None:
    """
    Say how much a local list may hold; none if the charger keeps none.

    Args:
        entries: what is reported of `LIST_ENTRIES`.
        items: the value of `LIST_ITEMS_MAX`.

    >>> capacity_of(Shown("3", writable=False, most=100.0), "20")
    Capacity(whole=100, message=20)
    """
    message = whole_number(items)
    if message is None:
        return None
    # A charger that does not say how much it holds is sent what it takes at once.
    whole = message if entries is None or entries.most is None else int(entries.most)
    return Capacity(whole, min(whole, message)) if whole > 0 else None
