"""
How meters at breakers are spoken with by MQTT, on a NATS server of their own.

    meters/<installation>/<meter>              what a meter sends; it signs in as <installation>/<meter>
    meters/<installation>/<meter>/status/em:0  where a Shelly whose prefix is that sends it by itself
    meters/<installation>/<meter>/refused      why a reading was not taken, for the meter to hear

An MQTT topic is a NATS subject with dots for slashes. The meters have an account of their own on that
server, and telemetry another one: what goes from one to the other is named here.
"""

from typing import Final

from shared.ids import InstallationId, MeterId

ACCOUNT: Final = "meters"
TELEMETRY_ACCOUNT: Final = "telemetry"
SYSTEM_ACCOUNT: Final = "$SYS"

READINGS: Final = ("meters.*.*", "meters.*.*.status.em:0")
"""What telemetry hears; whatever else a meter says below its own topic is nobody's."""
REFUSALS: Final = "meters.*.*.refused"
ASKED_WHO: Final = "$SYS.REQ.USER.AUTH"
"""Where the server asks whether it may let somebody in (auth callout)."""
SENT_AWAY: Final = "$SYS.REQ.SERVER.*.KICK"
"""Where the server is asked to end a connection."""

SEED: Final = "telemetry.seed"
"""The file of the key that telemetry signs in there with."""
ISSUER_SEED: Final = "issuer.seed"
"""The file of the key that telemetry signs with whom it lets in."""


def topic_of(installation_id: InstallationId, meter_id: MeterId) -> str:
    """
    Name the topic of a meter.

    >>> topic_of("garage", "house")
    'meters/garage/house'
    """
    return f"meters/{installation_id}/{meter_id}"


def subject_of(installation_id: InstallationId, meter_id: MeterId) -> str:
    """
    Name the subject that its topic is to NATS.

    >>> subject_of("garage", "house")
    'meters.garage.house'
    """
    return f"meters.{installation_id}.{meter_id}"


def refused_at(installation_id: InstallationId, meter_id: MeterId) -> str:
    """Name the subject on which a meter hears why a reading was not taken."""
    return f"{subject_of(installation_id, meter_id)}.refused"


def sent_away_at(server_id: str) -> str:
    """Name the subject on which one server is asked to end a connection."""
    return SENT_AWAY.replace("*", server_id)
