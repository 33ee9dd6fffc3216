"""
Runs the stack as `ampledger up` does, in a process of its own that tests can kill.

Arguments: one JSON object with `options` (fields of StackOptions), `services` (fields of
ServiceSpec) and `default_folder_in` (a folder to work in). It writes one line "up", and what
happens to its processes; a fault goes to standard error with exit code 2.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from cli.composition import ServiceSpec
from cli.faults import EXIT_CODE, StackFault
from cli.options import StackOptions
from cli.stack import Stack
from cli.states import ProcessEvent
from cli.up import run_stack


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(str(it) for it in words) + "\n")
    sys.stdout.flush()


def on_event(event: ProcessEvent) -> None:
    tell("event", event.name, event.what, event.reason or "", *event.lines)


def on_up(stack: Stack, late: list[str]) -> None:
    tell("up", json.dumps({"folder": str(stack.folder), "late": late, "urls": stack.urls}))


def options_of(given: dict[str, Any]) -> StackOptions:
    folder = given.pop("data_folder", None)
    given = {"postgres_port": 0, "nats_port": 0, "nats_monitor_port": 0} | given
    return StackOptions(data_folder=Path(folder) if folder else None, **given)


def service_of(given: dict[str, Any]) -> ServiceSpec:
    schema = given.pop("schema_folder", None)
    argv = given.pop("argv", None)
    return ServiceSpec(
        schema_folder=Path(schema) if schema else None,
        argv=tuple(argv) if argv else None,
        **given,
    )


def main() -> None:
    """Run until signalled."""
    task = json.loads(sys.argv[1])
    if "default_folder_in" in task:
        os.chdir(task["default_folder_in"])
    options = options_of(task.get("options", {})).told_by(os.environ)
    services = [service_of(it) for it in task.get("services", [])]
    try:
        asyncio.run(
            run_stack(
                options,
                services,
                on_event=on_event,
                on_up=on_up,
                on_stopping=lambda: tell("stopping"),
            )
        )
    except StackFault as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(EXIT_CODE)
    tell("stopped")


if __name__ == "__main__":
    main()
