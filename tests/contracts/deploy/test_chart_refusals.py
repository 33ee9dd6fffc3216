"""What makes no sense is refused before anything is made, with what to do."""

import pytest

from tests.support.chart import KNOWN, VALUES, helm, refusal, rendered

REFUSED = [
    ("minimal", "externalNats.url=", "externalNats.url is not set"),
    (
        "minimal",
        "externalNats.caSecret=,externalNats.url=nats://nats:4222",
        "talked to unencrypted",
    ),
    ("minimal", "natsKeys.existingSecret=", "ampledger nats keys"),
    ("minimal", "externalPostgresql.host=", "cloudnativepg.enabled"),
    ("minimal", "externalPostgresql.ownerSecret=", "CREATEROLE"),
    ("minimal", "externalPostgresql.caSecret=", "externalPostgresql.caSecret is not set"),
    (
        "minimal",
        "externalPostgresql.sslMode=prefer",
        "PostgreSQL would be talked to unencrypted",
    ),
    ("minimal", "databasePasswords.existingSecret=", "SERVICE.password"),
    ("minimal", "keys.existingSecret=", "openssl rand -hex 32"),
    ("minimal", "publicUrl=", "publicUrl is not set"),
    ("minimal", "telemetry.tls.existingSecret=", "telemetry.tls.endsAt=gateway"),
    (
        "minimal",
        "telemetry.replicas=14,telemetry.meters.enabled=true",
        "telemetry.meters.address",
    ),
    ("minimal", "cloudnativepg.enabled=true", "contradict each other"),
    ("minimal", "telemetry.tls.issuer.name=ours", "contradict each other"),
    ("minimal", "gatewayApi.enabled=true", "gatewayApi.parentRefs is empty"),
    ("everything", "telemetry.hostnames=null", "telemetry.hostnames is empty"),
    ("everything", "telemetry.autoscaling.maxReplicas=12", "together at most 14"),
    ("everything", "telemetry.autoscaling.maxReplicas=2", "less than telemetry.replicas"),
    ("everything", "portal.autoscaling.maxReplicas=2", "less than portal.replicas"),
    ("everything", "readings.minReplicas=5", "less than readings.minReplicas"),
    ("everything", "externalNats.monitoring=", "KEDA reads"),
    ("mesh", "telemetry.clientCertificates.trustedSecret=x", "telemetry.tls.endsAt=telemetry"),
    ("mesh", "gatewayApi.parentRefs=null", "gatewayApi.parentRefs is empty"),
    ("mesh", "telemetry.hostnames=null", "telemetry.hostnames is empty"),
]
"""A set of values, what is otherwise, and what is said."""
NEEDED = [
    ("cloudnativepg", "postgresql.cnpg.io/v1", "install the operator of CloudNativePG first"),
    ("everything", "cert-manager.io/v1", "install cert-manager first"),
    ("everything", "keda.sh/v1alpha1", "install KEDA first"),
    ("everything", "monitoring.coreos.com/v1", "install the Prometheus operator first"),
    ("mesh", "gateway.networking.k8s.io/v1", "install the Gateway API"),
]
MISTAKEN = [
    "telemetry.replica=3",
    "telemetry.replicas=0",
    "balancer.autoscaling.enabled=true",
    "portal.replicas=15",
    "monitoring.runbookUrl=docs.example.com",
    "plaintext=maybe",
    "publicUrl=charging.example.com",
    "externalNats.url=nats.example.com",
    "balancer.image.digest=latest",
    "nats.enabled=true",
]


@pytest.mark.parametrize(("values", "otherwise", "said"), REFUSED)
def test_what_is_missing_or_contradicts_itself_is_refused(
    values: str, otherwise: str, said: str
) -> None:
    assert said in refusal(values, otherwise)


@pytest.mark.parametrize(("values", "lacks", "said"), NEEDED)
def test_what_the_cluster_lacks_is_said(values: str, lacks: str, said: str) -> None:
    assert said in refusal(values, known=[it for it in KNOWN if it != lacks])


@pytest.mark.parametrize("otherwise", MISTAKEN)
def test_a_value_that_there_is_not_is_refused(otherwise: str) -> None:
    assert "values don't meet the specifications of the schema" in refusal("minimal", otherwise)


@pytest.mark.parametrize("values", VALUES)
def test_nothing_secret_is_in_what_is_made(values: str) -> None:
    kinds = {it["kind"] for it in rendered(values)}
    assert "Secret" not in kinds


def test_the_defaults_alone_say_what_is_missing_first() -> None:
    done = helm("template", "ampledger", "deploy/helm/ampledger")
    assert done.returncode != 0
    assert "externalNats.url is not set: say where NATS with JetStream is" in done.stderr
