"""An engine, and the images of everything on it: built once, for all tests of this folder."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.engine import ROOT, Docker, NoEngine, docker_engine

SERVICES = ("installation", "permissions", "telemetry", "balancer", "notifications", "portal")
OPERATOR = "cli"
SIMPLEST = ("--network", "host", "ampledger/base:bookworm", "/usr/bin/python3.11", "--version")
"""What any engine runs that runs anything."""
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Images:
    """All images, and how large each is."""

    docker: Docker
    megabytes: dict[str, float]

    def found(self, name: str) -> dict[str, object]:
        """Read what an engine knows of an image."""
        (found,) = json.loads(self.docker.do("image", "inspect", f"ampledger/{name}").stdout)
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """Use the engine that answers, or run one; without either there is nothing to try."""
    try:
        with docker_engine() as engine:
            yield engine
    except NoEngine as lack:
        pytest.skip(str(lack))


@pytest.fixture(scope="session")
def images(docker: Docker) -> Images:
    told = ["--trust", str(TRUSTED)] if TRUSTED.exists() else []
    bases = subprocess.run(
        [ROOT / "deploy" / "bases.sh", *told],
        env=docker.env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert bases.returncode == 0, bases.stderr
    runs = docker.do("run", "--rm", *SIMPLEST, check=False)
    if runs.returncode != 0:
        pytest.skip(f"the engine runs no containers here: {runs.stderr.strip()[-300:]}")
    images = Images(docker, {})
    for name in (*SERVICES, OPERATOR):
        build(docker, name)
        images.megabytes[name] = int(str(images.found(name)["Size"])) / 1e6
    return images


def build(docker: Docker, name: str, *told: str) -> None:
    """Build the image of a service, or the operator's."""
    docker.do(
        *("build", "--network", "host", "-f", "deploy/Dockerfile", *told),
        *("--build-arg", f"SERVICE={name}", "-t", f"ampledger/{name}", "."),
    )
