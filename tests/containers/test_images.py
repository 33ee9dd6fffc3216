"""Images as they are built: small, hardened, told of what they consist, and ready soon, on real servers."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli.composition import service_database_url
from cli.figures import figure, write_report
from cli.keys import key_files
from cli.ports import free_ports
from cli.web import fetch
from deploy.sbom import file_of
from tests.containers.conftest import OPERATOR, SERVICES, Images, build
from tests.support.compose import NoCompose, composed
from tests.support.engine import ROOT, Docker
from tests.support.servers import (
    CONTAINERS,
    WANTED,
    EmbeddedServers,
    running_servers,
    scratch_folder,
)

pytestmark = pytest.mark.system

MEGABYTES_MAX = 150
READY_S_MAX = 60.0
SUITE_S_MAX = 400
HEALTHY_S_MAX = 180.0
HARDENED = (
    *("--rm", "--network", "host", "--read-only", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--tmpfs", "/tmp"),  # noqa: S108  # in the container
)
ON_CONTAINERS = (
    "tests/integration/shared/test_durable.py",
    "tests/integration/shared/test_relay.py",
    "tests/integration/permissions/test_forgetting.py",
)
"""A log and what is lost of it, its relay while NATS is killed, and a service."""

# Runs within an image: what it has, found as any program would find it.
INSIDE = """
import json
from importlib.metadata import distributions
print(json.dumps([(it.metadata["Name"], it.version) for it in distributions(path=["/lib-python"])]))
"""


def layers(images: Images, name: str) -> object:
    contents: Any = images.found(name)["RootFS"]
    return contents["Layers"]


def test_every_service_is_small(images: Images) -> None:
    assert {
        it: images.megabytes[it] for it in SERVICES if images.megabytes[it] > MEGABYTES_MAX
    } == {}


def test_there_is_no_shell_and_nobody_is_root(images: Images) -> None:
    shell = images.docker.do(
        *("run", *HARDENED, "--entrypoint", "/bin/sh", "ampledger/portal", "-c", "id"),
        check=False,
    )
    users: dict[str, Any] = {it: images.found(it)["Config"] for it in (*SERVICES, OPERATOR)}

    assert shell.returncode != 0
    assert "no such file" in shell.stderr
    assert {it["User"] for it in users.values()} == {"65532:65532"}


def test_an_image_tells_everything_that_is_in_it(images: Images, tmp_path: Path) -> None:
    for name in ("portal", OPERATOR):
        kept = images.docker.do("create", f"ampledger/{name}").stdout.strip()
        images.docker.do("cp", f"{kept}:/{file_of(name)}", str(tmp_path / name))
        images.docker.do("rm", kept)
        python = ("--entrypoint", "/usr/bin/python3.11", f"ampledger/{name}", "-c", INSIDE)
        inside = json.loads(images.docker.do("run", *HARDENED, *python).stdout)

        said = json.loads((tmp_path / name).read_text())["components"]
        named = {(it["name"], it["version"]) for it in said}
        assert {tuple(it) for it in inside} <= named
        debian = {it["name"] for it in said if it["purl"].startswith("pkg:deb/")}
        assert {"libc6", "libssl3", "python3.11-minimal"} <= debian


def test_the_same_commit_gives_the_same_layers(images: Images) -> None:
    first = layers(images, "balancer")

    build(images.docker, "balancer", "--build-arg", "AGAIN=yes")

    assert layers(images, "balancer") == first


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
        took_s = round(time.monotonic() - began_s, 2)
        docker.do("exec", service, "/usr/bin/python3.11", "/app/healthy.py")
        return took_s
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


async def test_everything_runs_as_the_compose_file_says(images: Images) -> None:
    with scratch_folder() as folder:
        try:
            with composed(images.docker, folder) as everything:
                everything.up()
                async with asyncio.timeout(HEALTHY_S_MAX):
                    for it in SERVICES:
                        while everything.health(it) != "healthy":  # noqa: ASYNC110  # a container
                            await asyncio.sleep(1.0)
                page = await fetch(f"http://127.0.0.1:{everything.portal_port}/sign-in")
        except NoCompose as lack:
            pytest.skip(str(lack))
    assert page.status == 200


def test_the_same_tests_pass_on_servers_in_containers(images: Images) -> None:
    told = {
        it: as_is for it, as_is in images.docker.env.items() if not it.startswith("PYTEST_")
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *ON_CONTAINERS],
        cwd=ROOT,
        env=told | {WANTED: CONTAINERS},
        check=False,
        capture_output=True,
        text=True,
        timeout=SUITE_S_MAX,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "PostgreSQL and NATS of the tests: containers" in done.stdout, done.stdout
