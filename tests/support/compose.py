"""Ampledger as `deploy/compose.yaml` runs it, on the engine of the tests and with the images built here."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.ports import free_ports
from tests.support.container_servers import NATS, POSTGRES, image_of
from tests.support.engine import ROOT, Docker, run

PROJECT: Final = "ampledger-test"
FILE: Final = ROOT / "deploy" / "compose.yaml"


class NoCompose(Exception):
    """Neither the plugin of Docker nor the program of its own is here."""


@dataclass(frozen=True, slots=True)
class Composed:
    """Everything, asked to run."""

    docker: Docker
    program: Sequence[str]
    env: dict[str, str]
    gateway_port: int
    portal_port: int

    def do(self, *told: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        where = ("-p", PROJECT, "-f", str(FILE), "--project-directory", str(ROOT))
        return run((*self.program, *where, *told), self.env, check=check)

    def up(self) -> None:
        """Start everything; what ends instead has said why."""
        done = self.do("up", "-d", check=False)
        assert done.returncode == 0, done.stderr + self.do("logs", "--no-color").stdout[-5000:]

    def health(self, service: str) -> str:
        """Say what the engine thinks of a service: starting, healthy or unhealthy."""
        ids = self.do("ps", "-q", service).stdout.split()
        told = ("inspect", "--format", "{{.State.Health.Status}}", *ids)
        return self.docker.do(*told, check=False).stdout.strip()


@contextlib.contextmanager
def composed(docker: Docker, folder: Path) -> Iterator[Composed]:
    """
    Make secrets in a folder, start everything, and remove it all at the end.

    Raises:
        NoCompose: there is nothing to start it with.
    """
    gateway_port, portal_port = free_ports(2)
    env = docker.env | {
        "AMPLEDGER_VERSION": "latest",
        "AMPLEDGER_SECRETS": str(folder),
        "AMPLEDGER_GATEWAY": str(gateway_port),
        "AMPLEDGER_PORTAL": str(portal_port),
        "NATS_IMAGE": image_of(NATS, docker.env),
        "POSTGRES_IMAGE": image_of(POSTGRES, docker.env),
    }
    made = subprocess.run(
        [ROOT / "deploy" / "compose" / "secrets.sh", str(folder)],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    it = Composed(docker, _program(docker), env, gateway_port, portal_port)
    try:
        yield it
    finally:
        it.do("down", "--volumes", "--timeout", "10", check=False)


def _program(docker: Docker) -> tuple[str, ...]:
    if docker.do("compose", "version", check=False).returncode == 0:
        return ("docker", "compose")
    if shutil.which("docker-compose") is None:
        raise NoCompose("there is no docker compose here: see make docker")
    return ("docker-compose",)
