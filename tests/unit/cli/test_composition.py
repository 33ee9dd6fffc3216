from dataclasses import replace
from pathlib import Path

import pytest

from cli.composition import (
    Addresses,
    ServiceSpec,
    masked,
    migration_url,
    service_database_url,
    service_environment,
)

ADDRESSES = Addresses(
    "nats://127.0.0.1:4333", "postgresql://me:pw@db:5433/ampledger?sslmode=disable"
)
BALANCER = ServiceSpec("balancer", "services.balancer")


def environment_of(spec: ServiceSpec, **inherited: str) -> dict[str, str]:
    return service_environment(spec, ADDRESSES, 20_001, "json", inherited)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql://me@db:5433/ampledger", "postgresql://me@db:5433/ampledger_portal"),
        ("postgresql://me@db/", "postgresql://me@db/ampledger_portal"),
        ("postgres://db/prod?sslmode=require", "postgres://db/prod_portal?sslmode=require"),
        ("postgresql:///x?host=/run/pg", "postgresql:///x_portal?host=/run/pg"),
    ],
)
def test_each_service_has_a_database_named_after_it(given: str, expected: str) -> None:
    assert service_database_url(given, "portal") == expected


def test_a_service_finds_its_own_addresses_and_what_it_inherits() -> None:
    environment = environment_of(BALANCER, PATH="/bin", LANG="C")

    assert environment == {
        "PATH": "/bin",
        "LANG": "C",
        "NATS_URL": "nats://127.0.0.1:4333",
        "DATABASE_URL": "postgresql://me:pw@db:5433/ampledger_balancer?sslmode=disable",
        "AMPLEDGER_HEALTH_PORT": "20001",
        "AMPLEDGER_LOG": "json",
        "PYTHONUNBUFFERED": "1",
    }


def test_addresses_of_the_outer_environment_do_not_shine_through() -> None:
    environment = environment_of(
        BALANCER, NATS_URL="nats://other", DATABASE_URL="postgresql://other/x"
    )

    assert environment["NATS_URL"] == ADDRESSES.nats_url
    assert environment["DATABASE_URL"].endswith("/ampledger_balancer?sslmode=disable")


OWN = replace(
    ADDRESSES,
    nats_url="nats://ampledger:s3cret@127.0.0.1:4333",
    nats_keys=Path("/data/nats/keys"),
    passwords={"balancer": "b/1", "portal": "p2"},
)


def test_a_service_gets_its_own_key_and_its_own_role_and_nobody_elses() -> None:
    inherited = {
        "NATS_NKEY_SEED_FILE": "/keys/operator.seed",
        "NATS_KEYS": "/keys",
        "DATABASE_PASSWORDS": "/passwords",
    }
    environment = service_environment(BALANCER, OWN, 20_001, "json", inherited)

    assert environment["NATS_URL"] == "nats://127.0.0.1:4333"
    assert environment["NATS_NKEY_SEED_FILE"] == "/data/nats/keys/balancer.seed"
    assert environment["DATABASE_URL"] == (
        "postgresql://ampledger_balancer:b%2F1@db:5433/ampledger_balancer?sslmode=disable"
    )
    told = " ".join(environment.values())
    assert all(it not in told for it in ("s3cret", "pw", "p2", "operator", "/passwords"))


def test_a_service_that_is_in_no_table_gets_no_key() -> None:
    stranger = ServiceSpec("stranger", "services.stranger", has_log=False)
    environment = service_environment(stranger, OWN, 20_001, "json", {})

    assert environment["NATS_URL"] == "nats://127.0.0.1:4333"
    assert "NATS_NKEY_SEED_FILE" not in environment


def test_a_service_without_schema_gets_nobodys_database() -> None:
    simple = ServiceSpec("gateway", "services.gateway", has_log=False)

    assert "DATABASE_URL" not in environment_of(simple, DATABASE_URL="postgresql://other/x")


def test_a_service_with_only_its_own_schema_gets_a_database() -> None:
    portal = ServiceSpec(
        "portal", "services.portal", has_log=False, schema_folder=Path("/schema")
    )

    assert environment_of(portal)["DATABASE_URL"].startswith(
        "postgresql://me:pw@db:5433/ampledger_portal"
    )


def test_what_a_service_asks_for_wins() -> None:
    spec = ServiceSpec("portal", "services.portal", env={"NATS_URL": "nats://portal:x@host"})

    assert environment_of(spec)["NATS_URL"] == "nats://portal:x@host"


def test_dbmate_uses_tls_only_where_the_server_offers_it_unless_told() -> None:
    patience = "lock_timeout=1000"
    assert migration_url("postgres://db/x") == f"postgres://db/x?sslmode=prefer&{patience}"
    assert migration_url("postgres://db/x?host=/run&a=b") == (
        f"postgres://db/x?sslmode=prefer&host=%2Frun&a=b&{patience}"
    )
    strict = migration_url("postgres://db/x?sslmode=verify-full")
    assert strict == f"postgres://db/x?sslmode=verify-full&{patience}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s3cr3t@db/x", "postgresql://me:***@db/x"),
        ("postgresql://me@db/x", "postgresql://me@db/x"),
        ("postgresql://me:a@s3cr3t@db/x", "postgresql://me:***@db/x"),
        ("postgresql://db/x?sslpassword=s3cr3t&a=b", "postgresql://db/x?sslpassword=***&a=b"),
        ("nats://s3cr3t@host:4222", "nats://***@host:4222"),
        ("nats://u:s3cr3t@host:4222", "nats://u:***@host:4222"),
        ("nats://host:4222", "nats://host:4222"),
        ("nats://s3cr3t@a:1,nats://u:s3cr3t@b:2", "nats://***@a:1,nats://u:***@b:2"),
        ("postgresql://me:s3cr3t@a:1,b:2/x", "postgresql://me:***@a:1,b:2/x"),
    ],
)
def test_secrets_of_an_address_are_never_shown(url: str, shown: str) -> None:
    assert masked(url) == shown
