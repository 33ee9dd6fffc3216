"""The MQTT server of meters: what is printed for it, and when that is refused."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.mqtt_server import Listening, configuration, listening_at
from cli.nats_keys import public_key
from cli.programs import nats_server
from shared import meter_topics


def test_the_server_takes_what_is_printed_for_it_and_gets_no_secret(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    printed = CliRunner().invoke(app, ["nats", "mqtt", str(keys), "--store", str(tmp_path)])
    file = tmp_path / "mqtt.conf"
    file.write_text(printed.output)

    subprocess.run([nats_server(), "-t", "-c", file], check=True, capture_output=True)
    for name in (meter_topics.SEED, meter_topics.ISSUER_SEED):
        seed = (keys / name).read_text().strip()
        assert seed not in printed.output
    assert public_key((keys / meter_topics.SEED).read_text()) in printed.output


def test_keys_that_are_there_stay(tmp_path: Path) -> None:
    first, again = (configuration(tmp_path, tmp_path, Listening(1883), 4223) for _ in range(2))

    assert first == again


def test_others_reach_it_by_tls_only_or_where_somebody_says_so() -> None:
    certificate = {"TELEMETRY_TLS_CERT": "a.pem", "TELEMETRY_TLS_KEY": "a.key"}

    with pytest.raises(ValueError, match="TELEMETRY_TLS_CERT"):
        listening_at(1883, "192.0.2.7", {})
    assert listening_at(8883, "192.0.2.7", certificate).address == "mqtts://192.0.2.7:8883"
    assert listening_at(1883, "192.0.2.7", {"TELEMETRY_PLAIN_PASSWORDS": "allowed"}).tls is None
    assert listening_at(1883, "127.0.0.1", {}).address == "mqtt://127.0.0.1:1883"


def test_up_refuses_it_before_anything_is_started() -> None:
    refused = CliRunner().invoke(app, ["up", "--mqtt-port", "1883", "--mqtt-host", "192.0.2.7"])

    assert refused.exit_code != 0
    assert "TELEMETRY_TLS_CERT" in refused.output.replace("\n", " ")
