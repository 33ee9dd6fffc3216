"""A Docker engine for the tests: the one that is there, or one of our own, without a registry."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import scratch_folder

ROOT = Path(__file__).parents[2]
WANTED = "AMPLEDGER_CONTAINERS"
ENGINE_S_MAX = 30.0
BRIDGE = "172.31.250.1/24"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Images take minutes to build: they are tried where somebody asks for it."""
    if os.environ.get(WANTED) == "1":
        return
    skip = pytest.mark.skip(reason="images are built and run by: make containers")
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(skip)


class Docker:
    """The command, told where its engine is."""

    def __init__(self, host: str) -> None:
        self.env = {**os.environ, "DOCKER_HOST": host, "DOCKER_BUILDKIT": "0"}

    def do(self, *told: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", *told],
            cwd=ROOT,
            env=self.env,
            check=check,
            capture_output=True,
            text=True,
        )

    def answers(self) -> bool:
        return self.do("info", check=False).returncode == 0


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """Use the engine at DOCKER_HOST, or run one; its images go with it."""
    if (host := os.environ.get("DOCKER_HOST")) is not None:
        yield Docker(host)
        return
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("there is no Docker engine, and none can be started: see make containers")
    with scratch_folder() as folder:
        host = f"unix://{folder}/docker.sock"
        command = [
            *("dockerd", "--data-root", f"{folder}/root", "--exec-root", f"{folder}/exec"),
            *("-H", host, "--pidfile", f"{folder}/docker.pid", "--bip", BRIDGE),
            *("--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false"),
        ]
        with (folder / "log").open("wb") as output:
            engine = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            found = Docker(host)
            until_s = time.monotonic() + ENGINE_S_MAX
            while not found.answers():
                if engine.poll() is not None or time.monotonic() > until_s:
                    pytest.skip(
                        f"dockerd does not start here: {(folder / 'log').read_text()[-300:]}"
                    )
                time.sleep(0.2)
            yield found
        finally:
            engine.terminate()
            engine.wait()
