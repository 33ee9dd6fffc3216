"""The Helm chart, as tests render it: objects as Helm hands them to a cluster, or why it refuses to."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.npm import NODE, installed
from tests.support.readme import BIN, ROOT

DEPLOY: Final = ROOT / "deploy"
CHART: Final = DEPLOY / "helm" / "ampledger"
HELM: Final = BIN / "helm"
VALUES: Final = tuple(sorted(it.stem for it in (CHART / "ci").glob("*.yaml")))
"""Sets of values that come with the chart."""
KNOWN: Final = (
    "cert-manager.io/v1",
    "external-secrets.io/v1",
    "gateway.networking.k8s.io/v1",
    "keda.sh/v1alpha1",
    "monitoring.coreos.com/v1",
    "postgresql.cnpg.io/v1",
)
"""What a cluster knows in which everything is installed that the chart may use."""
MODELS: Final = tuple(
    f"@kubernetes-models/{it}"
    for it in (
        "argo-cd@4.0.0",
        "cert-manager@6.0.0",
        "cloudnative-pg@2.0.0",
        "external-secrets@2.0.0",
        "flux-cd@4.0.0",
        "gateway-api@2.0.0",
        "keda@2.0.0",
        "prometheus-operator@6.0.0",
    )
)
"""Definitions of custom resources."""
VALIDATOR: Final = Path(__file__).with_name("custom_resources.mjs")
CORE: Final = (".k8s.io", "apps", "autoscaling", "batch", "policy", "v1")

Object = dict[str, Any]


def helm(*words: str) -> "subprocess.CompletedProcess[str]":
    """Call Helm; it asks no cluster."""
    return subprocess.run([HELM, *words], capture_output=True, text=True, check=False, cwd=ROOT)


def _template(values: str, sets: Sequence[str], known: Sequence[str], *words: str) -> Any:
    said = [part for it in known for part in ("--api-versions", it)]
    said += [part for it in sets for part in ("--set", it)]
    place = ("template", "ampledger", str(CHART), "--namespace", "charging")
    return helm(*place, "-f", str(CHART / "ci" / f"{values}.yaml"), *said, *words)


@cache
def rendered(values: str, *sets: str, upgrade: bool = False) -> tuple[Object, ...]:
    """Render the chart with one of its sets of values, and others besides."""
    done = _template(values, sets, KNOWN, *(["--is-upgrade"] if upgrade else []))
    assert done.returncode == 0, done.stderr
    return tuple(it for it in yaml.safe_load_all(done.stdout) if it)


def refusal(values: str, *sets: str, known: Sequence[str] = KNOWN) -> str:
    """Say why Helm refuses to render the chart."""
    done = _template(values, sets, known)
    assert done.returncode != 0, "nothing was refused"
    return str(done.stderr)


def of_kind(objects: Sequence[Object], kind: str) -> dict[str, Object]:
    """Find objects of a kind, by name."""
    return {it["metadata"]["name"]: it for it in objects if it["kind"] == kind}


def pods_of(objects: Sequence[Object]) -> Iterator[tuple[str, Object]]:
    """Name every pod that objects lead to, with its specification."""
    for it in objects:
        name = f"{it['kind']} {it['metadata']['name']}"
        if it["kind"] == "Pod":
            yield name, it["spec"]
        elif it["kind"] in {"Deployment", "Job"}:
            yield name, it["spec"]["template"]["spec"]


def containers_of(objects: Sequence[Object]) -> Iterator[tuple[str, Object]]:
    """Name every container that objects lead to."""
    for name, pod in pods_of(objects):
        for it in (*pod.get("initContainers", ()), *pod["containers"]):
            yield f"{name}: {it['name']}", it


def is_core(found: Object) -> bool:
    """Tell whether an object is one of Kubernetes itself."""
    group = found["apiVersion"].partition("/")[0]
    return not group.startswith("gateway.") and group.endswith(CORE)


async def faults_of(custom: Sequence[Object]) -> list[str]:
    """Say what is wrong with custom resources, by the schemas of their definitions."""
    folder = await installed(*MODELS)
    done = subprocess.run(  # noqa: ASYNC221  # a second, and nothing else is to be done
        [NODE, VALIDATOR],
        input=json.dumps(custom),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    return list(json.loads(done.stdout))
