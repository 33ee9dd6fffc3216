"""A run that is ended leaves nothing behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

STARTS_S_MAX = 120.0
WORKERS = 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_end_with_whoever_has_begun_them(number: signal.Signals) -> None:
    arguments = ("sim", "--seeds", "1..500", "--hours", "0.1", "--workers", str(WORKERS))
    run = subprocess.Popen((Path(sys.executable).with_name("ampledger"), *arguments))
    try:
        begun = _workers(run.pid)
        run.send_signal(number)

        assert run.wait(STARTS_S_MAX) != 0
        _, left = psutil.wait_procs(begun, timeout=STARTS_S_MAX)
        assert left == []
    finally:
        run.kill()


def _workers(pid: int) -> list[psutil.Process]:
    """Wait until all of them work, and name whatever has been begun."""
    by_s = time.monotonic() + STARTS_S_MAX
    while time.monotonic() < by_s:
        begun = psutil.Process(pid).children(recursive=True)
        working = [it for it in begun if it.cpu_times().user > 1.0]
        if len(working) >= WORKERS:
            return begun
        time.sleep(0.2)
    raise AssertionError("no workers came")
