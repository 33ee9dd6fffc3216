"""Which processes there are, and what each is told."""

import pytest

from cli.services import BALANCER, PORTAL, TELEMETRY, services


def test_each_gateway_has_a_port_of_its_own_and_meters_come_to_the_first() -> None:
    specs = services(9180, meter_port=9181, further_gateways=[9190, 9191])

    gateways = [it for it in specs if it.name == TELEMETRY]
    assert [it.process for it in gateways] == ["telemetry", "telemetry-2", "telemetry-3"]
    assert [it.env["TELEMETRY_OCPP_PORT"] for it in gateways] == ["9180", "9190", "9191"]
    assert [it.env.get("TELEMETRY_METER_PORT") for it in gateways] == ["9181", None, None]
    assert gateways[1].url == "ws://127.0.0.1:9190/ocpp"


@pytest.mark.parametrize(("told", "drain_s"), [("30", 30.0), ("soon", 0.0), (None, 0.0)])
def test_a_gateway_is_given_the_time_that_its_chargers_need_to_leave(
    told: str | None, drain_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELEMETRY_DRAIN_S", raising=False)
    env = {} if told is None else {"TELEMETRY_DRAIN_S": told}

    specs = services(env={TELEMETRY: env})

    assert {it.name: it.drain_s for it in specs if it.name in {TELEMETRY, BALANCER}} == {
        TELEMETRY: drain_s,
        BALANCER: 0.0,
    }


def test_every_gateway_knows_where_meters_push_to_and_the_first_takes_them() -> None:
    gateways = [
        it
        for it in services(9000, meter_port=9181, further_gateways=(9001,))
        if it.name == TELEMETRY
    ]

    assert [it.env.get("TELEMETRY_METER_PORT") for it in gateways] == ["9181", None]
    assert {it.env["TELEMETRY_METER_ADDRESS"] for it in gateways} == {"http://127.0.0.1:9181"}


def test_each_portal_has_an_address_of_its_own() -> None:
    portals = [it for it in services(further_portals=[8190]) if it.name == PORTAL]

    assert [it.process for it in portals] == ["portal", "portal-2"]
    assert [it.env["PORTAL_PORT"] for it in portals] == ["8180", "8190"]
    assert [it.listens for it in portals] == [("127.0.0.1", 8180), ("127.0.0.1", 8190)]
