"""Every pod of the chart has what it needs to run, and nothing more than it needs."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from cli.app import app
from services.balancer.settings import BalancerSettings
from services.notifications.settings import Settings as NotificationsSettings
from services.permissions.settings import Settings as PermissionsSettings
from services.portal.settings import PortalSettings
from services.telemetry.settings import Settings as TelemetrySettings
from shared.lines import check_encrypted
from shared.nats_options import NatsSettings
from shared.runtime import RuntimeSettings
from shared.service_grants import SERVICES
from tests.support.chart import (
    CHART,
    DEPLOY,
    VALUES,
    Object,
    containers_of,
    of_kind,
    pods_of,
    rendered,
)

SETTINGS: Final[dict[str, type[RuntimeSettings]]] = {
    "installation": RuntimeSettings,
    "permissions": PermissionsSettings,
    "telemetry": TelemetrySettings,
    "balancer": BalancerSettings,
    "notifications": NotificationsSettings,
    "portal": PortalSettings,
}
BESIDES: Final = frozenset(
    {
        "DATABASE_PASSWORD",
        "FORWARDED_ALLOW_IPS",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    }
)
"""What goes into DATABASE_URL, and what libraries read: uvicorn and OpenTelemetry."""
CASES: Final = [
    (values, deployment) for values in VALUES for deployment in of_kind(rendered(values), "Deployment")
    if not deployment.endswith("-operator")
]  # fmt: skip


def _told(container: Object) -> dict[str, str]:
    """Put together what a process finds in its environment; what is secret is made up."""
    told: dict[str, str] = {}
    for it in container["env"]:
        value = it["value"] if "value" in it else _made_up(it["valueFrom"]["secretKeyRef"])
        told[it["name"]] = re.sub(r"\$\((\w+)\)", lambda found: told[found[1]], value)
    return told


def _made_up(reference: Object) -> str:
    return "smtp://me:secret@mail:587" if reference["key"] == "url" else "s3cret"


def _names(settings: type[BaseSettings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        choices = getattr(field.validation_alias, "choices", None)
        yield from choices or [field.alias or name.upper()]


def _container(values: str, deployment: str) -> Object:
    found = of_kind(rendered(values), "Deployment")[deployment]
    [container] = found["spec"]["template"]["spec"]["containers"]
    return container


@pytest.mark.parametrize(("values", "deployment"), CASES)
def test_a_service_takes_what_it_is_told(
    values: str, deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own settings read the environment: nothing is missing, out of bounds or contradicts itself."""
    container = _container(values, deployment)
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in _told(container).items():
        monkeypatch.setenv(name, value)

    settings = SETTINGS[container["name"]]()
    NatsSettings()
    check_encrypted(settings.database_url)

    known = {*_names(type(settings)), *_names(NatsSettings), *BESIDES}
    assert {it["name"] for it in container["env"]} <= known


@pytest.mark.parametrize(("values", "deployment"), CASES)
def test_every_file_that_is_named_is_there(values: str, deployment: str) -> None:
    spec = of_kind(rendered(values), "Deployment")[deployment]["spec"]["template"]["spec"]
    files = _files(spec)
    told = _told(spec["containers"][0])
    named = {
        it for value in told.values() for it in re.findall(r"/etc/ampledger/[\w./-]+", value)
    }

    assert named
    assert named == {it for it in files if it in named}


def _files(spec: Object) -> set[str]:
    """Name the files of secrets that the first container of a pod finds."""
    volumes = {it["name"]: it for it in spec["volumes"]}
    found = set()
    for mount in spec["containers"][0]["volumeMounts"]:
        secret = volumes[mount["name"]].get("secret", {"items": []})
        items = secret.get("items") or [{"path": "tls.crt"}, {"path": "tls.key"}]
        found |= {f"{mount['mountPath']}/{it['path']}" for it in items}
    return found


@pytest.mark.parametrize(("values", "deployment"), CASES)
def test_a_service_gets_its_own_secrets_and_no_other(values: str, deployment: str) -> None:
    spec = of_kind(rendered(values), "Deployment")[deployment]["spec"]["template"]["spec"]
    service = spec["containers"][0]["name"]
    others = {it for it in (*SERVICES, "operator") if it != service}
    shown = repr(spec)

    assert f"'{service}.seed'" in shown
    assert not [it for it in others if f"{it}.seed" in shown or f"{it}.password" in shown]
    assert ("master.key" in shown) == (service == "permissions")
    assert ("cards.key" in shown) == (service in {"permissions", "telemetry"})
    assert ("notices.key" in shown) == (service == "notifications")


@pytest.mark.parametrize("values", VALUES)
def test_every_pod_keeps_to_the_standard_restricted(values: str) -> None:
    objects = rendered(values)
    for name, pod in pods_of(objects):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name
        kinds = {kind for it in pod["volumes"] for kind in it if kind != "name"}
        assert kinds <= {"secret", "emptyDir"}, name
    for name, container in containers_of(objects):
        security = container["securityContext"]
        assert security["runAsUser"] == 65532, name
        assert security["readOnlyRootFilesystem"] is True, name
        assert security["allowPrivilegeEscalation"] is False, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}, name
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
        assert not container["image"].endswith(":latest"), name


@pytest.mark.parametrize(("values", "deployment"), CASES)
def test_every_service_is_probed_in_three_ways_and_ends_in_peace(
    values: str, deployment: str
) -> None:
    found = of_kind(rendered(values), "Deployment")[deployment]["spec"]
    spec = found["template"]["spec"]
    [container] = spec["containers"]
    told = _told(container)
    for probe, path in (
        ("startupProbe", "/health/start"),
        ("readinessProbe", "/health/ready"),
        ("livenessProbe", "/health/live"),
    ):
        assert container[probe]["httpGet"] == {"path": path, "port": "health"}
    ports = {it["name"]: it["containerPort"] for it in container["ports"]}
    assert ports["health"] == int(told["AMPLEDGER_HEALTH_PORT"])
    stays_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    drains_s = float(told.get("TELEMETRY_DRAIN_S", told.get("PORTAL_DRAIN_S", 0)))
    assert spec["terminationGracePeriodSeconds"] >= stays_s + drains_s + 10
    assert found["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize("values", VALUES)
def test_services_listen_where_others_look_for_them(values: str) -> None:
    objects = rendered(values)
    listening: dict[str, dict[str, Any]] = {
        "portal": {"http": "PORTAL_PORT"},
        "telemetry": {"ocpp": "TELEMETRY_OCPP_PORT", "meters": "TELEMETRY_METER_PORT"},
    }
    for component, names in listening.items():
        container = _container(values, f"ampledger-{component}")
        told = _told(container)
        ports = {it["name"]: it["containerPort"] for it in container["ports"]}
        assert {name: int(told[it]) for name, it in names.items() if it in told} == {
            name: it for name, it in ports.items() if name != "health"
        }
        service = of_kind(objects, "Service")[f"ampledger-{component}"]["spec"]
        assert {it["targetPort"] for it in service["ports"]} == set(ports) - {"health"}
        policies = of_kind(objects, "NetworkPolicy")
        if policies:
            door = policies[f"ampledger-{component}"]["spec"]["ingress"][0]["ports"]
            assert {it["port"] for it in door} == set(ports.values()) - {ports["health"]}


def test_nobody_reaches_a_pod_unless_it_is_said() -> None:
    policies = of_kind(rendered("minimal"), "NetworkPolicy")
    nothing = policies["ampledger-nothing"]["spec"]
    assert nothing["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in nothing
    assert "egress" not in nothing
    for name, pod in of_kind(rendered("minimal"), "Deployment").items():
        labels = pod["spec"]["template"]["metadata"]["labels"].items()
        assert nothing["podSelector"]["matchLabels"].items() <= labels, name


def test_what_has_to_be_there_for_a_charger_is_there_more_than_once() -> None:
    objects = rendered("minimal")
    budgets = of_kind(objects, "PodDisruptionBudget")
    for name in ("ampledger-telemetry", "ampledger-balancer", "ampledger-portal"):
        assert of_kind(objects, "Deployment")[name]["spec"]["replicas"] == 2
        assert budgets[name]["spec"]["maxUnavailable"] == 1
    scaled = of_kind(rendered("everything"), "HorizontalPodAutoscaler")
    assert set(scaled) == {"ampledger-telemetry", "ampledger-portal"}
    for name, scaler in scaled.items():
        assert "replicas" not in of_kind(rendered("everything"), "Deployment")[name]["spec"]
        assert scaler["spec"]["scaleTargetRef"]["name"] == name


@pytest.mark.parametrize("values", VALUES)
def test_consumers_are_made_for_as_many_processes_as_there_may_be(values: str) -> None:
    objects = rendered(values)
    [job] = of_kind(objects, "Job").values()
    [provide] = job["spec"]["template"]["spec"]["containers"]
    words = provide["args"][2:]
    made = {
        it.removeprefix("--"): int(n) for it, n in zip(words[::2], words[1::2], strict=True)
    }
    scaled = of_kind(objects, "HorizontalPodAutoscaler")

    def most(name: str) -> int:
        if name in scaled:
            return int(scaled[name]["spec"]["maxReplicas"])
        return int(of_kind(objects, "Deployment")[name]["spec"]["replicas"])

    assert made["portals"] == most("ampledger-portal")
    assert made["balancers"] == most("ampledger-balancer")
    readers = of_kind(objects, "ScaledObject").values()
    further = sum(it["spec"]["maxReplicaCount"] for it in readers)
    assert made["gateways"] == most("ampledger-telemetry") + further


def test_migrations_come_before_pods_and_are_the_operators() -> None:
    for upgrade in (False, True):
        job = of_kind(rendered("minimal", upgrade=upgrade), "Job")["ampledger-migrate"]
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    spec = job["spec"]["template"]["spec"]
    [migrate], [provide] = spec["initContainers"], spec["containers"]
    assert migrate["args"][0] == "migrate"
    assert provide["args"][:2] == ["nats", "provide"]
    # The database comes with the first release, so that nothing can come before it.
    first = of_kind(rendered("cloudnativepg"), "Job").values()
    assert all("annotations" not in it["metadata"] for it in first)
    later = of_kind(rendered("cloudnativepg", upgrade=True), "Job")
    assert "helm.sh/hook" in later["ampledger-migrate"]["metadata"]["annotations"]


def test_pods_run_images_as_they_are_built() -> None:
    built = (DEPLOY / "Dockerfile").read_text("utf-8")
    start = json.loads(re.findall(r"^ENTRYPOINT (.*)$", built, flags=re.MULTILINE)[-1])
    commands = [
        it["command"] for _, it in containers_of(rendered("everything")) if "command" in it
    ]

    assert len(commands) == 2
    assert {it[0] for it in commands} == {start[0]}
    assert " ".join(start) in (CHART / "README.md").read_text("utf-8")
    assert " ".join(start[1:]) in (CHART / "templates" / "NOTES.txt").read_text("utf-8")
    assert "\nUSER 65532:65532\n" in built


@pytest.mark.parametrize("values", VALUES)
def test_the_operators_commands_are_ones_that_there_are(values: str) -> None:
    asked = [it["args"] for _, it in containers_of(rendered(values)) if "args" in it]

    assert {it[0] for it in asked} == {"migrate", "nats", "lag"}
    for words in asked:
        # An option that there is not is a fault although help is asked for; nothing is done.
        done = CliRunner().invoke(app, [*words, "--help"])
        assert done.exit_code == 0, done.output


def test_a_gateway_writes_readings_unless_others_do() -> None:
    alone = _told(_container("minimal", "ampledger-telemetry"))
    beside = _told(_container("everything", "ampledger-telemetry"))
    writer = _told(_container("everything", "ampledger-readings"))

    kept = [it["TELEMETRY_KEEP_READINGS"] for it in (alone, beside, writer)]
    assert kept == ["true", "false", "true"]
    assert Path(writer["NATS_NKEY_SEED_FILE"]).name == "telemetry.seed"
