"""
`python -m simulator`: run a scene against a gateway.

SIGTERM and SIGINT end it; SIGUSR1 has the clocks of all chargers jump by some seconds.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import structlog

from simulator.scene import SceneRefused, load_scene
from simulator.tongues import OCPP_16, PROTOCOLS
from simulator.world import Run, run_world


def _passwords(file: Path) -> dict[str, str]:
    """
    Read passwords by serial numbers.

    Raises:
        ValueError: the file cannot be read, or holds none.
    """
    try:
        issued = json.loads(file.read_text())["credentials"]
        return {it["serial"]: it["password"] for it in issued}
    except (OSError, KeyError, TypeError, ValueError) as fault:
        raise ValueError(
            f"{file} holds no passwords ({fault!r}); write there what "
            "ampledger charger assign --json says"
        ) from fault


def main() -> int:
    """Run until the time is up, or until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--scene", type=Path, required=True, help="the building, as JSON")
    parser.add_argument("--gateway", required=True, help="such as ws://127.0.0.1:9000")
    parser.add_argument("--speed", type=float, default=10.0, help="drivers' seconds a second")
    parser.add_argument("--seconds", type=float, help="end after this long; default: never")
    parser.add_argument("--report", type=Path, help="where the figures go at the end")
    parser.add_argument("--status", type=Path, help="rewritten every second")
    parser.add_argument("--rogue", choices=("none", "one"), default="one")
    parser.add_argument("--meter", help="where the meter at the main breaker pushes readings")
    parser.add_argument(
        "--passwords", type=Path, help="what ampledger charger assign --json has written"
    )
    parser.add_argument("--protocol", choices=PROTOCOLS, default=OCPP_16)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the chargers speaks that; others OCPP 1.6"
    )
    parser.add_argument("--trusted", type=Path, help="whom to trust at wss://, PEM")
    given = parser.parse_args()
    try:
        scene = load_scene(given.scene)
        run = Run(
            gateway=given.gateway,
            speed=given.speed,
            seconds=given.seconds,
            report=given.report,
            status=given.status,
            with_rogue=given.rogue == "one",
            meter=given.meter,
            passwords={} if given.passwords is None else _passwords(given.passwords),
            trusted=given.trusted,
            protocol=given.protocol,
            share=given.share,
        )
    except (SceneRefused, ValueError) as reason:
        parser.error(str(reason))

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))

    async def live() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        jolt = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, jolt.set)
        await run_world(scene, run, stop, jolt)

    asyncio.run(live())
    return 0


if __name__ == "__main__":
    sys.exit(main())
