"""
OCPP 1.6 configuration keys of a charger: the few that can be set, and what it says of itself.

As with real hardware, no meter values are sent until somebody asks for them: the interval is 0.
"""

from dataclasses import dataclass, field
from typing import Final

from simulator.local_list import ENTRIES_MAX, MESSAGE_MAX
from simulator.payloads import Payload
from simulator.skills import FULL, Skill

CURRENT: Final = "Current.Import"
ENERGY: Final = "Energy.Active.Import.Register"
POWER: Final = "Power.Active.Import"
MEASURANDS: Final = (CURRENT, ENERGY, POWER)

SAMPLE_INTERVAL: Final = "MeterValueSampleInterval"
SAMPLED_DATA: Final = "MeterValuesSampledData"
HEARTBEAT_INTERVAL: Final = "HeartbeatInterval"
PING_INTERVAL: Final = "WebSocketPingInterval"
AUTHORIZATION_KEY: Final = "AuthorizationKey"
SECURITY_PROFILE: Final = "SecurityProfile"
PROFILE_MAX: Final = 3
KEY_CHARACTERS_MIN: Final = 16
KEY_CHARACTERS_MAX: Final = 40
"""As the security whitepaper of OCPP 1.6 bounds it."""

LIST_ENABLED: Final = "LocalAuthListEnabled"
AUTHORIZE_OFFLINE: Final = "LocalAuthorizeOffline"
STRANGERS_OFFLINE: Final = "AllowOfflineTxForUnknownId"
STOP_INVALID: Final = "StopTransactionOnInvalidId"
AUTHORIZE_REMOTE: Final = "AuthorizeRemoteTxRequests"
PRE_AUTHORIZE: Final = "LocalPreAuthorize"

SWITCHES: Final = frozenset(
    {
        LIST_ENABLED,
        AUTHORIZE_OFFLINE,
        STRANGERS_OFFLINE,
        STOP_INVALID,
        AUTHORIZE_REMOTE,
        PRE_AUTHORIZE,
    }
)
"""True or false."""

INTERVALS: Final = frozenset({SAMPLE_INTERVAL, HEARTBEAT_INTERVAL, PING_INTERVAL})

FIXED: Final = {
    "LocalAuthListMaxLength": str(ENTRIES_MAX),
    "NumberOfConnectors": "1",
    "SendLocalListMaxLength": str(MESSAGE_MAX),
}
"""Can be read, not written; so can what it says of its skill with charging profiles."""


@dataclass(slots=True)
class Configuration:
    """What has been set. It survives a lost connection and a lost supply."""

    values: dict[str, str] = field(
        default_factory=lambda: {
            SAMPLE_INTERVAL: "0",
            SAMPLED_DATA: ",".join(MEASURANDS),
            HEARTBEAT_INTERVAL: "86400",
            PING_INTERVAL: "0",
            LIST_ENABLED: "false",
            AUTHORIZE_OFFLINE: "true",
            STRANGERS_OFFLINE: "true",
            STOP_INVALID: "true",
            AUTHORIZE_REMOTE: "false",
            PRE_AUTHORIZE: "false",
            SECURITY_PROFILE: "0",
        }
    )

    skill: Skill = FULL
    authorization_key: str | None = None
    """The password it signs in with from its next connection on; none: it shows none."""

    def seconds(self, key: str) -> int:
        """Read one of the intervals, in seconds (0 means never), or another whole number."""
        return int(self.values[key])

    def on(self, key: str) -> bool:
        """Read one of the switches."""
        return self.values[key] == "true"

    @property
    def measurands(self) -> tuple[str, ...]:
        return tuple(it for it in self.values[SAMPLED_DATA].split(",") if it)

    def change(self, key: str, value: str) -> str:
        """Change a key; return the status that answers ChangeConfiguration."""
        if key in FIXED or key in self.skill.configuration:
            return "Rejected"
        if key == AUTHORIZATION_KEY:
            return self._change_key(value)
        if key == SECURITY_PROFILE:
            return self._raise_profile(value)
        if key not in self.values:
            return "NotSupported"
        if key in INTERVALS:
            if not (value.isascii() and value.isdigit()):
                return "Rejected"
        elif key in SWITCHES:
            value = value.lower()
            if value not in {"true", "false"}:
                return "Rejected"
        else:
            names = [name.strip() for name in value.split(",") if name.strip()]
            if not set(names) <= set(MEASURANDS):
                return "Rejected"
            value = ",".join(names)
        self.values[key] = value
        return "Accepted"

    def _raise_profile(self, value: str) -> str:
        """It only ever rises (OCPP 1.6 security whitepaper, section 5.1)."""
        known = value.isascii() and value.isdigit() and int(value) <= PROFILE_MAX
        if not known or int(value) < self.seconds(SECURITY_PROFILE):
            return "Rejected"
        self.values[SECURITY_PROFILE] = value
        return "Accepted"

    def _change_key(self, value: str) -> str:
        if not KEY_CHARACTERS_MIN <= len(value) <= KEY_CHARACTERS_MAX:
            return "Rejected"
        self.authorization_key = value
        return "Accepted"

    def listed(self, keys: list[str]) -> Payload:
        """Answer GetConfiguration: the keys asked for, or all of them if none are named. A password is
        written, and never read.
        """
        known = {key: (value, False) for key, value in self.values.items()}
        fixed = FIXED | self.skill.configuration
        known |= {key: (value, True) for key, value in fixed.items()}
        answer: Payload = {
            "configurationKey": [
                {"key": key, "readonly": known[key][1], "value": known[key][0]}
                for key in keys or sorted(known)
                if key in known
            ]
        }
        unknown = [key for key in keys if key not in known]
        return answer | ({"unknownKey": unknown} if unknown else {})
