"""Images as they are built: small, hardened, and ready soon, on real servers."""

import asyncio
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.composition import service_database_url
from cli.figures import figure, write_report
from cli.keys import key_files
from cli.ports import free_ports
from cli.web import fetch
from tests.containers.conftest import ROOT, Docker
from tests.support.servers import EmbeddedServers, running_servers, scratch_folder

pytestmark = pytest.mark.system

SERVICES = ("installation", "permissions", "telemetry", "balancer", "notifications", "portal")
OPERATOR = "cli"
MEGABYTES_MAX = 150
READY_S_MAX = 30.0
HARDENED = (
    *("--rm", "--network", "host", "--read-only", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--tmpfs", "/tmp"),  # noqa: S108  # in the container
)


@dataclass(frozen=True, slots=True)
class Images:
    """All images, and how large each is."""

    docker: Docker
    megabytes: dict[str, float]


@pytest.fixture(scope="module")
def images(docker: Docker) -> Images:
    trust = Path("/etc/ssl/certs/ca-certificates.crt")
    told = ["--trust", str(trust)] if trust.exists() else []
    subprocess.run([ROOT / "deploy" / "bases.sh", *told], env=docker.env, check=True)
    megabytes = {}
    for name in (*SERVICES, OPERATOR):
        docker.do(
            *("build", "--network", "host", "-f", "deploy/Dockerfile"),
            *("--build-arg", f"SERVICE={name}", "-t", f"ampledger/{name}", "."),
        )
        (found,) = json.loads(docker.do("image", "inspect", f"ampledger/{name}").stdout)
        megabytes[name] = found["Size"] / 1e6
    return Images(docker, megabytes)


def test_every_service_is_small(images: Images) -> None:
    assert {
        it: images.megabytes[it] for it in SERVICES if images.megabytes[it] > MEGABYTES_MAX
    } == {}


@pytest.mark.parametrize("service", SERVICES)
def test_there_is_no_shell_and_nobody_is_root(images: Images, service: str) -> None:
    shell = images.docker.do(
        *("run", *HARDENED, "--entrypoint", "/bin/sh", f"ampledger/{service}", "-c", "id"),
        check=False,
    )
    (found,) = json.loads(images.docker.do("image", "inspect", f"ampledger/{service}").stdout)

    assert shell.returncode != 0
    assert "no such file" in shell.stderr
    assert found["Config"]["User"] == "65532:65532"


async def test_all_of_them_become_ready_on_real_servers(images: Images) -> None:
    ready_s = {}
    async with running_servers() as servers:
        with scratch_folder() as folder:
            folder.chmod(0o755)
            url, docker = servers.postgres.url("ampledger"), images.docker
            operator = ("-e", f"DATABASE_URL={url}", "-e", f"NATS_URL={servers.nats_url}")
            for order in (("migrate",), ("nats", "provide")):
                docker.do("run", *HARDENED, *operator, "ampledger/cli", *order)
            for service in SERVICES:
                ready_s[service] = await ready(docker, servers, folder, service)
    report = {
        **{f"image_{it}_mb": figure(mb, "MB", "") for it, mb in images.megabytes.items()},
        **{f"ready_{it}_s": figure(took, "s", "") for it, took in ready_s.items()},
        "image_mb_max": figure(max(images.megabytes[it] for it in SERVICES), "MB", "aim 150"),
        "ready_s_max": figure(max(ready_s.values()), "s", "docker run to /health/ready; aim 3"),
    }
    write_report(ROOT / "images.report.json", report)


async def ready(docker: Docker, servers: EmbeddedServers, folder: Path, service: str) -> float:
    """Run a service until it is ready; say how long that took."""
    health_port, port = free_ports(2)
    environment = told(servers, folder, service, health_port, port)
    began_s = time.monotonic()
    docker.do(
        *("run", "-d", "--name", service, "-v", f"{folder}:{folder}:ro"),
        *(*HARDENED, *environment, f"ampledger/{service}"),
    )
    try:
        while (await fetch(f"http://127.0.0.1:{health_port}/health/ready")).status != 200:
            said = docker.do("logs", service, check=False)
            assert time.monotonic() < began_s + READY_S_MAX, said.stdout + said.stderr
            await asyncio.sleep(0.05)
        return round(time.monotonic() - began_s, 2)
    finally:
        docker.do("kill", service, check=False)


def told(
    servers: EmbeddedServers, folder: Path, service: str, health_port: int, port: int
) -> list[str]:
    """Say what a service finds in its environment; keys are files that it can read."""
    environment = {
        "DATABASE_URL": service_database_url(servers.postgres.url("ampledger"), service),
        "NATS_URL": servers.nats_url,
        "AMPLEDGER_HEALTH_PORT": str(health_port),
        "TELEMETRY_OCPP_PORT": str(port),
        "PORTAL_PORT": str(port),
        "AMPLEDGER_PUBLIC_URL": "http://localhost",
        **key_files(folder, service, {}),
    }
    for file in folder.iterdir():
        file.chmod(0o644)
    return [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
