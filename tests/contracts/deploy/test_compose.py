"""What runs everything on one machine: hardened, with secrets as files, and reached by two ports only."""

from typing import Any

import pytest
import yaml

from shared.service_grants import SERVICES
from tests.support.readme import ROOT

FILE = ROOT / "deploy" / "compose.yaml"
WHOLE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
RUN: dict[str, Any] = WHOLE["services"]
PUBLISHED = {"portal", "telemetry"}


def test_every_service_runs_and_only_people_and_chargers_reach_it() -> None:
    ours = {it for it in RUN if (ROOT / "services" / it).is_dir()}

    assert ours == {it.parent.name for it in (ROOT / "services").glob("*/app.py")}
    assert {name for name, it in RUN.items() if "ports" in it} == PUBLISHED
    assert WHOLE["networks"]["inside"] == {"internal": True}


@pytest.mark.parametrize("name", RUN)
def test_it_may_nothing_and_its_secrets_are_files(name: str) -> None:
    it = RUN[name]

    assert it["read_only"]
    assert it["cap_drop"] == ["ALL"]
    assert it["security_opt"] == ["no-new-privileges:true"]
    assert set(it.get("secrets", ())) <= set(WHOLE["secrets"])
    told = {
        value.removeprefix("/run/secrets/")
        for value in it.get("environment", {}).values()
        if value.startswith("/run/secrets/")
    }
    unused = {"operator.seed"} if name == "migrate" else set()  # it talks to PostgreSQL only
    assert told - unused == set(it.get("secrets", ()))


def test_each_has_its_own_key_and_password_and_nobody_elses() -> None:
    for name in set(SERVICES) & set(RUN):
        seeds = {it for it in RUN[name]["secrets"] if it.endswith((".seed", ".password"))}
        assert seeds == {f"{name}.seed", f"{name}.password"}
        assert (
            f"ampledger_{name}@postgres/ampledger_{name}?"
            in RUN[name]["environment"]["DATABASE_URL"]
        )
