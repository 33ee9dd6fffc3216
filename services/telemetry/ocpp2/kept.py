"""
The variables of OCPP 2.x that are not changed one by one, and what changes them.

On some our promises rest: limits, readings, who is let in. Others belong to a command that does more than
set them, such as keeping a password.
"""

from typing import Final

_READINGS: Final = (
    "we set it after every boot: limits rest on these readings; TELEMETRY_SAMPLE_INTERVAL_S says how "
    "often"
)
_SESSIONS: Final = (
    "we set it after every boot, so that a session is a car whose driver was let in"
)
_LISTS: Final = (
    "we set it, so that drivers are let in as roles say, offline as well; see: ampledger installation "
    "authentication"
)
_LIMITS: Final = "limits rest on it; the charger's maker sets it"

_KEPT: Final[dict[str, str]] = {
    "SecurityCtrlr.BasicAuthPassword": "a password is kept by us as well; give it another one: ampledger "
    "charger credential rotate SERIAL",
    "SecurityCtrlr.OrganizationName": "certificates name it; TELEMETRY_CPO_NAME says which name they need",
    "SecurityCtrlr.SecurityProfile": "it goes with the address that the charger connects to; its "
    "installer sets both",
    "OCPPCommCtrlr.HeartbeatInterval": "we set it after every boot; TELEMETRY_HEARTBEAT_INTERVAL_S says "
    "how often",
    "OCPPCommCtrlr.WebSocketPingInterval": "we set it after every boot; TELEMETRY_PING_INTERVAL_S says "
    "how often",
    "SampledDataCtrlr": _READINGS,
    "AlignedDataCtrlr.Interval": _READINGS,
    "TxCtrlr.TxStartPoint": _SESSIONS,
    "TxCtrlr.TxStopPoint": _SESSIONS,
    "TxCtrlr.StopTxOnInvalidId": _LISTS,
    "AuthCtrlr": _LISTS,
    "AuthCacheCtrlr.Enabled": _LISTS,
    "LocalAuthListCtrlr.Enabled": _LISTS,
    "SmartChargingCtrlr": _LIMITS,
}
"""By variable, or by component for all of its variables."""

_BY_NAME: Final = {key.lower(): why for key, why in _KEPT.items()}


def kept(key: str) -> str | None:
    """
    Say by what a variable is changed properly; none: it may be changed as people like.

    >>> kept("samplEdDataCtrlr.TxUpdatedInterval") == _READINGS, kept("Display.Color")
    (True, None)
    >>> kept("SmartChargingCtrlr@1.Enabled") == _LIMITS
    True
    """
    component, _, variable = key.lower().partition(".")
    component = component.partition("@")[0].partition("[")[0]
    return _BY_NAME.get(component) or _BY_NAME.get(f"{component}.{variable}")
