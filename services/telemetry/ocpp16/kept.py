"""
The settings of OCPP 1.6 (section 9) that are not changed one by one, and what changes them.

On some our promises rest: limits, readings, who is let in. Others belong to a command that does more than
set them, such as keeping a password.
"""

from typing import Final

_READINGS: Final = (
    "we set it after every boot, since limits rest on these readings; TELEMETRY_SAMPLE_INTERVAL_S says how "
    "often"
)
_LISTS: Final = (
    "we set it, so that drivers are let in as roles say, offline as well; see: ampledger installation "
    "authentication"
)
_LIMITS: Final = "limits rest on it; the charger's maker sets it"

KEPT: Final[dict[str, str]] = {
    "AuthorizationKey": "a password is kept by us as well; give it another one: ampledger charger "
    "credential rotate SERIAL",
    "SecurityProfile": "what it needs is checked first: ampledger charger security-profile SERIAL PROFILE",
    "HeartbeatInterval": "we set it after every boot; TELEMETRY_HEARTBEAT_INTERVAL_S says how often",
    "WebSocketPingInterval": "we set it after every boot; TELEMETRY_PING_INTERVAL_S says how often",
    "MeterValueSampleInterval": _READINGS,
    "MeterValuesSampledData": _READINGS,
    "LocalAuthListEnabled": _LISTS,
    "LocalAuthorizeOffline": _LISTS,
    "LocalPreAuthorize": _LISTS,
    "AllowOfflineTxForUnknownId": _LISTS,
    "AuthorizeRemoteTxRequests": _LISTS,
    "StopTransactionOnInvalidId": _LISTS,
    "ChargeProfileMaxStackLevel": _LIMITS,
    "ChargingScheduleAllowedChargingRateUnit": _LIMITS,
    "ChargingScheduleMaxPeriods": _LIMITS,
    "MaxChargingProfilesInstalled": _LIMITS,
    "ConnectorSwitch3to1PhaseSupported": _LIMITS,
    "CpoName": "certificates name it; TELEMETRY_CPO_NAME says which name they need",
}

_BY_NAME: Final = {key.lower(): why for key, why in KEPT.items()}


def kept(key: str) -> str | None:
    """
    Say by what a setting is changed properly; none: it may be changed as people like.

    >>> kept("authorizationkey") == KEPT["AuthorizationKey"], kept("LightIntensity")
    (True, None)
    """
    return _BY_NAME.get(key.lower())
