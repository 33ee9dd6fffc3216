"""Which services make up Ampledger, and what each is told."""

import os
from collections.abc import Mapping, Sequence
from typing import Final

from cli.composition import ServiceSpec
from cli.ports import LOCALHOST, LOOPBACK

GATEWAY_PORT: Final = 9180
PORTAL_PORT: Final = 8180
BALANCERS_MAX: Final = 8
"""On one machine; each takes some ten connections to PostgreSQL, which has a hundred."""
GATEWAYS_MAX: Final = 4
"""On one machine, likewise."""
PORTALS_MAX: Final = 4
"""On one machine, likewise."""
METER_ADDRESS: Final = "TELEMETRY_METER_ADDRESS"
DRAIN_S: Final = "TELEMETRY_DRAIN_S"
"""What a gateway is told: over how long it lets its chargers go."""
PORTAL_DRAIN_S: Final = 10.0
"""How long the portal may take to let its viewers go, and to answer what it has been asked."""
INSTALLATION, PERMISSIONS, TELEMETRY = "installation", "permissions", "telemetry"
BALANCER, PORTAL, NOTIFICATIONS = "balancer", "portal", "notifications"


def services(
    gateway_port: int = GATEWAY_PORT,
    portal_port: int = PORTAL_PORT,
    env: Mapping[str, Mapping[str, str]] | None = None,
    without: frozenset[str] = frozenset(),
    balancers: int = 1,
    meter_port: int | None = None,
    further_gateways: Sequence[int] = (),
    further_portals: Sequence[int] = (),
) -> list[ServiceSpec]:
    """
    Describe the services.

    Args:
        gateway_port: where chargers connect.
        portal_port: where people look.
        env: further environment for each service, by its name.
        without: services that are left out.
        balancers: how many processes share the installations.
        meter_port: where meters at breakers push their readings, to the first gateway; none: nowhere.
        further_gateways: where chargers connect as well, to a gateway each.
        further_portals: where people look as well, at a portal each.
    """
    further = env or {}
    told = dict(further.get(TELEMETRY, {}))
    meters = {} if meter_port is None else {"TELEMETRY_METER_PORT": str(meter_port)}
    known_to_all = _meter_address(told, meter_port)
    known_as = {"AMPLEDGER_PUBLIC_URL": f"http://{LOCALHOST}:{portal_port}"}
    specs = [
        ServiceSpec(INSTALLATION, "services.installation", env=further.get(INSTALLATION, {})),
        ServiceSpec(
            PERMISSIONS,
            "services.permissions",
            env=known_as | dict(further.get(PERMISSIONS, {})),
        ),
        *(
            ServiceSpec(
                TELEMETRY,
                "services.telemetry",
                env={
                    "TELEMETRY_OCPP_PORT": str(port),
                    **known_to_all,
                    **(meters if copy == 1 else {}),
                    **told,
                },
                url=f"{_scheme(told)}://{LOOPBACK}:{port}/ocpp",
                copy=copy,
                drain_s=_drain_s(told),
            )
            for copy, port in enumerate((gateway_port, *further_gateways), start=1)
        ),
        *(
            ServiceSpec(
                BALANCER, "services.balancer", env=further.get(BALANCER, {}), copy=number
            )
            for number in range(1, balancers + 1)
        ),
        ServiceSpec(
            NOTIFICATIONS,
            "services.notifications",
            env=known_as | dict(further.get(NOTIFICATIONS, {})),
        ),
        *(
            ServiceSpec(
                PORTAL,
                "services.portal",
                env={"PORTAL_PORT": str(port)} | dict(further.get(PORTAL, {})),
                url=f"http://{LOOPBACK}:{port}",
                copy=copy,
                drain_s=PORTAL_DRAIN_S,
                listens=(_portal_host(further.get(PORTAL, {})), port),
            )
            for copy, port in enumerate((portal_port, *further_portals), start=1)
        ),
    ]
    return [spec for spec in specs if spec.name not in without]


def _drain_s(env: Mapping[str, str]) -> float:
    """Say how long a gateway may take to let its chargers go; what makes no sense it refuses itself."""
    try:
        return float({**os.environ, **env}.get(DRAIN_S, 0.0))
    except ValueError:
        return 0.0


def _meter_address(env: Mapping[str, str], port: int | None) -> dict[str, str]:
    """Say where meters push to: any gateway may be asked that, and only the first takes readings."""
    if port is None:
        return {}
    host = {**os.environ, **env}.get("TELEMETRY_METER_HOST", LOOPBACK)
    scheme = _scheme(env).replace("ws", "http", 1)
    return {METER_ADDRESS: os.environ.get(METER_ADDRESS, f"{scheme}://{host}:{port}")}


def _portal_host(env: Mapping[str, str]) -> str:
    return {**os.environ, **env}.get("PORTAL_HOST", LOOPBACK)


def _scheme(env: Mapping[str, str]) -> str:
    """Name how chargers connect: services inherit our environment, and are told further things."""
    return "wss" if "TELEMETRY_TLS_CERT" in {**os.environ, **env} else "ws"
