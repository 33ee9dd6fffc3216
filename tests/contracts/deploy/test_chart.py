"""What the chart makes is what a cluster takes, as far as that can be known without one."""

import json
import subprocess

import kubernetes_validate
import pytest
import yaml

from tests.support.chart import (
    CHART,
    DEPLOY,
    HELM,
    VALUES,
    faults_of,
    helm,
    is_core,
    of_kind,
    rendered,
)
from tests.support.kubectl import kubectl
from tests.support.readme import ROOT

OLDEST, NEWEST = "1.30", "1.36"


@pytest.mark.parametrize("values", VALUES)
def test_helm_finds_nothing_to_complain_of(values: str) -> None:
    done = helm("lint", "--strict", str(CHART), "-f", str(CHART / "ci" / f"{values}.yaml"))
    # Lint knows nothing of what a cluster has, so that refusals for the lack of it are no fault.
    lacks = "but this cluster does not know" in done.stdout
    assert done.returncode == 0 or lacks, done.stdout


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", VALUES)
def test_every_object_is_one_of_kubernetes(values: str, version: str) -> None:
    for upgrade in (False, True):
        for it in filter(is_core, rendered(values, upgrade=upgrade)):
            kubernetes_validate.validate(it, version, strict=True)


def test_a_misspelt_field_is_found() -> None:
    service = of_kind(rendered("minimal"), "Service")["ampledger-portal"]
    wrong = json.loads(json.dumps(service).replace('"targetPort"', '"targetport"'))

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


async def test_every_custom_resource_is_as_its_definition_says() -> None:
    custom = [
        it
        for values in VALUES
        for upgrade in (False, True)
        for it in rendered(values, upgrade=upgrade)
        if not is_core(it)
    ]
    for file in sorted((DEPLOY / "gitops").rglob("*.yaml")):
        custom += list(yaml.safe_load_all(file.read_text("utf-8")))
    assert {it["kind"] for it in custom} == {
        *(
            "Application",
            "Certificate",
            "Cluster",
            "ExternalSecret",
            "HTTPRoute",
            "HelmRelease",
        ),
        *("OCIRepository", "PodMonitor", "PrometheusRule", "ScaledObject", "TLSRoute"),
    }
    wrong = json.loads(json.dumps(of_kind(custom, "ScaledObject")["ampledger-readings"]))
    wrong["spec"]["maxReplicaCount"] = "many"

    assert await faults_of(custom) == []
    assert len(await faults_of([wrong])) == 1


def test_every_object_is_where_the_release_is_and_says_whose_it_is() -> None:
    for values in VALUES:
        names = []
        for it in rendered(values):
            meta = it["metadata"]
            assert meta["namespace"] == "charging", meta
            assert meta["labels"]["app.kubernetes.io/instance"] == "ampledger", meta
            names.append((it["kind"], meta["name"]))
        assert len(set(names)) == len(names)


def test_rules_and_dashboards_are_those_of_the_project() -> None:
    objects = rendered("everything", "monitoring.runbookUrl=")
    rules = of_kind(objects, "PrometheusRule")["ampledger"]["spec"]
    boards = of_kind(objects, "ConfigMap")["ampledger-dashboards"]["data"]

    assert rules == yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))
    files = {it.name: it.read_text("utf-8") for it in (DEPLOY / "grafana").glob("*.json")}
    assert files
    assert {name: json.loads(it) for name, it in boards.items()} == {
        name: json.loads(it) for name, it in files.items()
    }


def test_alerts_lead_to_where_people_read_what_to_do() -> None:
    def runbooks(*sets: str) -> list[str]:
        rules = of_kind(rendered("everything", *sets), "PrometheusRule")["ampledger"]["spec"]
        return [
            it["annotations"]["runbook_url"] for group in rules["groups"] for it in group["rules"]
            if "alert" in it
        ]  # fmt: skip

    relative, absolute = runbooks("monitoring.runbookUrl="), runbooks()
    assert len(relative) > 20
    assert absolute == [f"https://docs.example.com/ampledger/{it}" for it in relative]
    assert all(it.startswith("docs/alerts.md#ampledger") for it in relative)


def test_the_chart_is_of_the_version_of_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))

    assert f'\nversion = "{chart["appVersion"]}"\n' in (ROOT / "pyproject.toml").read_text()


async def test_kustomize_changes_what_one_place_has_otherwise() -> None:
    done = subprocess.run(  # noqa: ASYNC221  # nothing else is to be done
        [
            *(await kubectl(), "kustomize", "--enable-helm", "--helm-command", HELM),
            str(DEPLOY / "kustomize" / "garage"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    objects = list(yaml.safe_load_all(done.stdout))
    balancer = of_kind(objects, "Deployment")["ampledger-balancer"]
    assert "affinity" in balancer["spec"]["template"]["spec"]
    for it in filter(is_core, objects):
        assert it["metadata"]["labels"]["example.com/garage"] == "harbour"
        kubernetes_validate.validate(it, NEWEST, strict=True)
