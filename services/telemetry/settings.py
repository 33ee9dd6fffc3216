"""What the telemetry service is told by its environment."""

from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from shared.rights.cards import CARD_KEY_FILE
from shared.runtime import RuntimeSettings


def _listed(text: object) -> object:
    if not isinstance(text, str):
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_listed)]
"""Networks or single addresses, separated by commas, such as `10.0.0.0/8,192.0.2.7`."""


def is_loopback(host: str) -> bool:
    """
    Tell whether only this machine reaches a host.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(RuntimeSettings):
    """The gateway's address, what chargers are set to, and how long is waited for them."""

    ocpp_host: str = Field(default="127.0.0.1", alias="TELEMETRY_OCPP_HOST")
    ocpp_port: int = Field(ge=0, le=65535, alias="TELEMETRY_OCPP_PORT")
    """Where chargers connect; 0 for any free port."""
    tls_cert: Path | None = Field(default=None, alias="TELEMETRY_TLS_CERT")
    """The gateway's certificate and those between it and the root (PEM); none: it speaks no TLS."""
    tls_key: Path | None = Field(default=None, alias="TELEMETRY_TLS_KEY")
    ca_cert: Path | None = Field(default=None, alias="TELEMETRY_CA_CERT")
    """The certificate of the authority that signs those of chargers (PEM); none: none are signed."""
    ca_key: Path | None = Field(default=None, alias="TELEMETRY_CA_KEY")
    client_ca: Path | None = Field(default=None, alias="TELEMETRY_CLIENT_CA")
    """Certificates of other authorities whose certificates of chargers are taken (PEM)."""
    certificate_days: int = Field(default=365, ge=1, alias="TELEMETRY_CERTIFICATE_DAYS")
    """How long a charger's certificate is good."""
    renew_days: float = Field(default=30.0, gt=0, alias="TELEMETRY_RENEW_DAYS")
    """How long before its end a charger is told to ask for another one."""
    cpo_name: str | None = Field(default=None, alias="TELEMETRY_CPO_NAME")
    """The organization that certificate requests of chargers have to name; none: any."""
    charger_credentials: Literal["required", "when-issued"] = Field(
        default="when-issued", alias="TELEMETRY_CHARGER_CREDENTIALS"
    )
    """"when-issued" asks a charger for a password once it was issued one, "required" every charger."""
    plain_passwords: Literal["loopback", "allowed"] = Field(
        default="loopback", alias="TELEMETRY_PLAIN_PASSWORDS"
    )
    """Whether passwords are taken without TLS from elsewhere than this machine."""
    meter_host: str = Field(default="127.0.0.1", alias="TELEMETRY_METER_HOST")
    """Others than this machine reach it only where every meter has to show a token."""
    meter_port: int | None = Field(default=None, ge=1, le=65535, alias="TELEMETRY_METER_PORT")
    """Where meters at breakers push their readings; none: nowhere."""
    meter_address: str | None = Field(default=None, alias="TELEMETRY_METER_ADDRESS")
    """Where meters push their readings to as they know it, such as https://meters.example, in every process
    that may be asked, also those where none are taken; none: where this one takes them."""
    meter_tokens: Literal["required", "when-issued"] = Field(
        default="when-issued", alias="TELEMETRY_METER_TOKENS"
    )
    """"when-issued" asks a meter for a token once it was issued one, "required" every meter."""
    mqtt_url: str | None = Field(default=None, alias="TELEMETRY_MQTT_URL")
    """The NATS server that meters at breakers send to by MQTT; none: nowhere."""
    mqtt_keys: Path | None = Field(default=None, alias="TELEMETRY_MQTT_KEYS")
    """The folder with the keys for it (`ampledger nats mqtt` makes them)."""
    mqtt_address: str | None = Field(default=None, alias="TELEMETRY_MQTT_ADDRESS")
    """Where meters reach it, such as `mqtts://meters.example.org:8883`; shown to people."""
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
    drain_s: float = Field(default=0.5, ge=0, le=3600, alias="TELEMETRY_DRAIN_S")
    """Over how long chargers are let go when the gateway is asked to stop, so that they do not come to the
    other gateways all at the same moment."""
    keep_readings: bool = Field(default=True, alias="TELEMETRY_KEEP_READINGS")
    """This process takes part in writing readings to the database; where chargers are many, those that hold
    them can leave it to others. One at least has to."""
    reading_days: int = Field(default=14, ge=2, le=400, alias="TELEMETRY_READING_DAYS")
    """For how many days single readings are kept."""
    quarter_months: int = Field(default=36, ge=2, le=240, alias="TELEMETRY_QUARTER_MONTHS")
    """For how many months quarters of an hour are kept, which is what readings become."""
    signed_months: int = Field(default=36, ge=1, le=240, alias="TELEMETRY_SIGNED_MONTHS")
    """For how many months values are kept that meters have signed."""
    trusted_proxies: Networks = Field(default=(), alias="TELEMETRY_TRUSTED_PROXIES")
    """Whose X-Forwarded-For is believed; of all others the address of the socket counts."""
    card_key_file: Path | None = Field(default=None, alias=CARD_KEY_FILE)
    """The key of the marks of cards, the same as permissions has; without it no card is known."""
    on_revocation: Literal["finish", "stop"] = Field(
        default="finish", alias="TELEMETRY_ON_REVOCATION"
    )
    """What becomes of a session whose driver may charge no more: it goes on to its end, or is stopped."""
    tolerance: Literal["known", "none"] = Field(default="known", alias="TELEMETRY_TOLERANCE")
    """"known" takes messages that break a schema in a known way as they are meant; "none" refuses them."""
    commissioning: Literal["fail-safe", "none"] = Field(
        default="fail-safe", alias="TELEMETRY_COMMISSIONING"
    )
    """"none" accepts chargers without putting them under any limit: only to show what a garage
    does without a balancer.
    """

    @property
    def passwords_are_safe(self) -> bool:
        """A password that a charger shows can be read by nobody else, or somebody has allowed it."""
        local = is_loopback(self.ocpp_host)
        return self.tls_cert is not None or local or self.plain_passwords == "allowed"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TELEMETRY_TLS_CERT and TELEMETRY_TLS_KEY go together: set both")
        self._check_meters()
        if (self.ca_cert is None) != (self.ca_key is None):
            raise ValueError("TELEMETRY_CA_CERT and TELEMETRY_CA_KEY go together: set both")
        if self.tls_cert is None and (self.ca_cert or self.client_ca):
            raise ValueError(
                "chargers show certificates by TLS only: set TELEMETRY_TLS_CERT and TELEMETRY_TLS_KEY"
            )
        if self.charger_credentials == "required" and not self.passwords_are_safe:
            raise ValueError(
                "TELEMETRY_CHARGER_CREDENTIALS=required would have passwords cross the network "
                "in the open; set TELEMETRY_TLS_CERT and TELEMETRY_TLS_KEY, or, behind a proxy that "
                "speaks TLS, TELEMETRY_PLAIN_PASSWORDS=allowed"
            )
        return self

    def _check_meters(self) -> None:
        if (self.mqtt_url is None) != (self.mqtt_keys is None):
            raise ValueError("TELEMETRY_MQTT_URL and TELEMETRY_MQTT_KEYS go together: set both")
        if self.meter_port is None or is_loopback(self.meter_host):
            return
        if self.meter_tokens != "required":
            raise ValueError(
                "TELEMETRY_METER_HOST lets others than this machine send readings, which make cars stop "
                "or breakers look empty; set TELEMETRY_METER_TOKENS=required"
            )
        if self.tls_cert is None and self.plain_passwords != "allowed":
            raise ValueError(
                "tokens of meters would cross the network in the open; set TELEMETRY_TLS_CERT and "
                "TELEMETRY_TLS_KEY, or, behind a proxy that speaks TLS, "
                "TELEMETRY_PLAIN_PASSWORDS=allowed"
            )
