"""
A Docker engine for tests: the one that is there, or one of our own, without a registry.

One of our own makes no bridge and no rule of a firewall: what runs on it uses the machine's network, or
networks that it makes itself.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.support.servers import scratch_folder

ROOT: Final = Path(__file__).parents[2]
WANTED: Final = "AMPLEDGER_CONTAINERS"
"""1 has images built and run, which takes minutes."""
ENGINE_S_MAX: Final = 60.0
POOL: Final = "base=172.31.224.0/19,size=24"
"""Where networks of containers are; nothing else is expected there."""


def run(
    command: Sequence[str], env: Mapping[str, str], *, check: bool
) -> subprocess.CompletedProcess[str]:
    """Run a program from the root of the project; where it should not have failed, what it said is told."""
    done = subprocess.run(
        command, cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0 or not check, (
        command,
        done.stdout[-3000:],
        done.stderr[-3000:],
    )
    return done


class NoEngine(Exception):
    """There is no Docker engine, and none can be started; says why."""


class Docker:
    """The command, told where its engine is."""

    def __init__(self, host: str | None) -> None:
        # The classic builder is the one that every engine has, also one without plugins.
        self.env = {**os.environ, "DOCKER_BUILDKIT": "0"}
        if host is not None:
            self.env["DOCKER_HOST"] = host

    def do(self, *told: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(("docker", *told), self.env, check=check)

    def answers(self) -> bool:
        return self.do("info", check=False).returncode == 0


@contextlib.contextmanager
def docker_engine() -> Iterator[Docker]:
    """
    Use the engine that answers, or run one for as long as this lasts; its images go with it.

    Raises:
        NoEngine: neither can be had.
    """
    if os.environ.get(WANTED) != "1":
        raise NoEngine(f"images are built and run by make containers, or with {WANTED}=1")
    if shutil.which("docker") is None:
        raise NoEngine("there is no docker here: see make docker")
    there = Docker(None)
    if there.answers():
        yield there
        return
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        raise NoEngine("no Docker engine answers, and none can be started: see make docker")
    with scratch_folder() as folder, _running(folder) as found:
        yield found


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[Docker]:
    host = f"unix://{folder}/docker.sock"
    command = [
        *("dockerd", "--data-root", f"{folder}/root", "--exec-root", f"{folder}/exec"),
        *("-H", host, "--pidfile", f"{folder}/docker.pid", "--bridge=none"),
        *("--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false"),
        *("--default-address-pool", POOL),
    ]
    with (folder / "log").open("wb") as output:
        engine = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        found = Docker(host)
        until_s = time.monotonic() + ENGINE_S_MAX
        while not found.answers():
            if engine.poll() is not None or time.monotonic() > until_s:
                said = (folder / "log").read_text()[-300:]
                raise NoEngine(f"dockerd does not start here: {said}")
            time.sleep(0.2)
        yield found
    finally:
        engine.terminate()
        engine.wait()
        _unmount(folder)


def _unmount(folder: Path) -> None:
    """An engine leaves the networks of its containers mounted: they would keep its folder from going."""
    mounted = [
        line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()
    ]
    for point in sorted(
        (it for it in mounted if Path(it).is_relative_to(folder)), reverse=True
    ):
        subprocess.run(["umount", "--lazy", point], check=True)
