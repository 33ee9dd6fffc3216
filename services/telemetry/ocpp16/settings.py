"""The configuration keys of OCPP 1.6 that we set, and read (section 9)."""

from collections.abc import Mapping
from typing import Final

from services.telemetry.dialect import Rhythm
from services.telemetry.frames import Payload
from services.telemetry.lists import Capacity
from services.telemetry.measurands import CURRENT, ENERGY, POWER
from services.telemetry.ways import Abilities
from shared.messages.holding import Unit

LIST_MAX: Final = "LocalAuthListMaxLength"
SEND_MAX: Final = "SendLocalListMaxLength"
LIST_KEYS: Final = (LIST_MAX, SEND_MAX)
"""By which a charger says how much a local list may hold, and be sent at once."""


PROFILES: Final = "SupportedFeatureProfiles"
LEVEL_MAX: Final = "ChargeProfileMaxStackLevel"
UNITS: Final = "ChargingScheduleAllowedChargingRateUnit"
PERIODS_MAX: Final = "ChargingScheduleMaxPeriods"
INSTALLED_MAX: Final = "MaxChargingProfilesInstalled"
LIMITING_KEYS: Final = (PROFILES, LEVEL_MAX, UNITS, PERIODS_MAX, INSTALLED_MAX)
"""By which a charger says how it can be limited."""
UNIT_WORDS: Final[Mapping[str, Unit]] = {
    "current": Unit.AMPERES,
    "a": Unit.AMPERES,
    "power": Unit.WATTS,
    "w": Unit.WATTS,
}


def configuration(rhythm: Rhythm) -> dict[str, str]:
    """Say what is set after a boot. Without it many chargers send no meter values at all."""
    return {
        "HeartbeatInterval": str(rhythm.heartbeat_s),
        "MeterValueSampleInterval": str(rhythm.sample_s),
        "MeterValuesSampledData": f"{CURRENT},{ENERGY},{POWER}",
        "WebSocketPingInterval": str(max(1, round(rhythm.ping_s))),
    }


def offline_manners(*, authentication_required: bool) -> dict[str, str]:
    """
    Say how drivers are let in, above all while nobody is there to be asked (sections 9.1 and 9.2).

    Online we are asked about everybody, so that every decision is on record; offline the local list
    counts, and strangers may charge only where nobody is asked who they are. What is started from the
    app was authorised before. Who may not charge is stopped.
    """
    strangers = "false" if authentication_required else "true"
    return {
        "LocalAuthListEnabled": "true",
        "LocalAuthorizeOffline": "true",
        "LocalPreAuthorize": "false",
        "AllowOfflineTxForUnknownId": strangers,
        "AuthorizeRemoteTxRequests": "false",
        "StopTransactionOnInvalidId": "true",
    }


def capacity_in(answer: Payload) -> Capacity | None:
    """
    Read how much a list may hold out of the answer to GetConfiguration; none if it says nothing of it.

    >>> keys = [{"key": "LocalAuthListMaxLength", "readonly": True, "value": "100"}]
    >>> capacity_in({"configurationKey": keys})
    Capacity(whole=100, message=100)
    """
    told = {it["key"]: it.get("value", "") for it in answer.get("configurationKey", ())}
    most = {key: int(value) for key, value in told.items() if value.isdecimal() and int(value)}
    whole = most.get(LIST_MAX)
    if whole is None:
        return None
    return Capacity(whole, min(whole, most.get(SEND_MAX, whole)))


def abilities_in(answer: Payload) -> Abilities:
    """
    Read how a charger can be limited out of the answer to GetConfiguration.

    >>> keys = [{"key": "ChargeProfileMaxStackLevel", "readonly": True, "value": "0"}]
    >>> abilities_in({"configurationKey": keys}).level_max
    0
    """
    told = {it["key"]: it.get("value", "") for it in answer.get("configurationKey", ())}
    numbers = {key: int(value) for key, value in told.items() if value.isdecimal()}
    profiles = told.get(PROFILES)
    words = (it.strip().lower() for it in told.get(UNITS, "").split(","))
    return Abilities(
        profiles=None if not profiles else "smartcharging" in profiles.replace(" ", "").lower(),
        level_max=numbers.get(LEVEL_MAX),
        installed_max=numbers.get(INSTALLED_MAX),
        periods_max=numbers.get(PERIODS_MAX),
        units=frozenset(UNIT_WORDS[it] for it in words if it in UNIT_WORDS),
    )
