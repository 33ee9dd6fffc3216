"""What the telemetry service is told by its environment."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from shared.rights.cards import CARD_KEY_FILE
from shared.runtime import RuntimeSettings


def _listed(text: object) -> object:
    if not isinstance(text, str):
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_listed)]
"""Networks or single addresses, separated by commas, such as `10.0.0.0/8,192.0.2.7`."""


class Settings(RuntimeSettings):
    """The gateway's address, what chargers are set to, and how long is waited for them."""

    ocpp_host: str = Field(default="127.0.0.1", alias="TELEMETRY_OCPP_HOST")
    ocpp_port: int = Field(ge=0, le=65535, alias="TELEMETRY_OCPP_PORT")
    """Where chargers connect; 0 for any free port."""
    meter_host: str = Field(default="127.0.0.1", alias="TELEMETRY_METER_HOST")
    """Who reaches it may send readings: nobody is asked who they are."""
    meter_port: int | None = Field(default=None, ge=1, le=65535, alias="TELEMETRY_METER_PORT")
    """Where meters at breakers push their readings; none: nowhere."""
    sample_interval_s: int = Field(default=10, ge=1, alias="TELEMETRY_SAMPLE_INTERVAL_S")
    heartbeat_interval_s: int = Field(default=300, ge=1, alias="TELEMETRY_HEARTBEAT_INTERVAL_S")
    ping_interval_s: float = Field(default=10.0, gt=0, alias="TELEMETRY_PING_INTERVAL_S")
    ping_timeout_s: float = Field(default=10.0, gt=0, alias="TELEMETRY_PING_TIMEOUT_S")
    """A charger that does not answer a WebSocket ping for so long is taken for gone."""
    call_timeout_s: float = Field(default=10.0, gt=0, alias="TELEMETRY_CALL_TIMEOUT_S")
    """How long a charger's answer to a request is waited for."""
    nudge_after_s: float = Field(default=5.0, gt=0, alias="TELEMETRY_NUDGE_AFTER_S")
    """After how long a known charger that came back and says nothing is asked how it is."""
    last_words_s: float = Field(default=15.0, gt=0, alias="TELEMETRY_LAST_WORDS_S")
    """How long the end of a session is waited for before a locked or removed charger is sent away."""
    trusted_proxies: Networks = Field(default=(), alias="TELEMETRY_TRUSTED_PROXIES")
    """Whose X-Forwarded-For is believed; of all others the address of the socket counts."""
    card_key_file: Path | None = Field(default=None, alias=CARD_KEY_FILE)
    """The key of the marks of cards, the same as permissions has; without it no card is known."""
    on_revocation: Literal["finish", "stop"] = Field(
        default="finish", alias="TELEMETRY_ON_REVOCATION"
    )
    """What becomes of a session whose driver may charge no more: it goes on to its end, or is stopped."""
    commissioning: Literal["fail-safe", "none"] = Field(
        default="fail-safe", alias="TELEMETRY_COMMISSIONING"
    )
    """"none" accepts chargers without putting them under any limit: only to show what a garage
    does without a balancer.
    """
