"""
The whole of Ampledger on one machine: servers, databases and services under one supervisor.

`run_stack` is `ampledger up`; `Stack` is the same for those who bring their own event loop.
With NATS_URL or DATABASE_URL given, that server is somebody else's and only reached; all
else stays the same.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import structlog

import cli
from cli.accounts import server_account
from cli.composition import (
    HEALTH_PORT,
    Addresses,
    ServiceSpec,
    health_url,
    service_environment,
)
from cli.data_folder import DataFolder, default_folder
from cli.faults import ServerFault
from cli.kept import SLOW_START_S
from cli.keys import key_files
from cli.logs import follow, last_lines, tend
from cli.migrations import folders_of, migrate_all, with_schema
from cli.nats_watch import keep_writing
from cli.options import StackOptions
from cli.orphans import end_orphans
from cli.ports import free_ports, listening_at
from cli.postgres import refusal
from cli.processes import Program
from cli.providing import copies_in, keep_services_provided, provide_at_start
from cli.run_file import RUN_FILE, RunFile
from cli.servers import prepare_servers
from cli.states import Listener, ProcessState
from cli.subscribers import keep_provided
from cli.supervisor import Supervisor
from cli.web import fetch
from cli.wishes import take_wishes
from shared.clock import utc_now
from shared.service_grants import SERVICES

PROJECT: Final = Path(cli.__file__).parent.parent
"""Where the packages are: services run here, so that `python -m services.x` is ours."""

SERVERS_READY_S_MAX: Final = 600.0
"""After a crash PostgreSQL replays its journal before it is ready, which may take minutes."""
SERVERS_POLL_S: Final = 0.5
STOP_S_MAX: Final = 5.0
"""How long a service may take to end, besides what it has to let go of."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a started stack consists of."""

    folder: DataFolder
    run_file: RunFile
    supervisor: Supervisor


class Stack:
    """
    Servers and services, started by `async with` and stopped in reverse order at its end.

    Args:
        options: where everything is.
        services: what runs on top of the servers.
        extra: further programs, such as a simulator, started with the services.
        on_event: told everything that happens to a process; must neither raise nor block.
        environment: what the services inherit; ours unless given.
        reached: by which addresses a service reaches the servers, where that is not as they are.
        project: where the packages are that services run from.
    """

    def __init__(
        self,
        options: StackOptions,
        services: Sequence[ServiceSpec],
        *,
        extra: Sequence[Program] = (),
        on_event: Listener | None = None,
        environment: Mapping[str, str] | None = None,
        reached: Callable[[ServiceSpec, Addresses], Addresses] | None = None,
        project: Path = PROJECT,
    ) -> None:
        self.options = options
        self.services = [with_schema(it) for it in services]
        self._extra = extra
        self._on_event = on_event
        self._reached = reached or _as_they_are
        self._project = project
        self._environment = dict(os.environ if environment is None else environment)
        self._cleanup = contextlib.AsyncExitStack()
        self._started: _Parts | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """
        Start everything; the services may not be ready yet when this returns.

        Raises:
            StackFault: one of its kinds; whatever was started is stopped again.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything in order, and unlock the data folder."""
        await self._cleanup.aclose()

    def kill(self) -> None:
        """End every process at once; `stop` then has little to wait for."""
        if self._started is not None:
            self._started.supervisor.kill_all()

    def states(self) -> dict[str, ProcessState]:
        return {} if self._started is None else self._started.supervisor.states()

    @property
    def folder(self) -> Path:
        return self._parts.folder.path

    @property
    def ports(self) -> dict[str, int]:
        return self._parts.run_file.ports

    @property
    def urls(self) -> dict[str, str]:
        """Addresses by name: "nats", "nats-monitor", "database", and services that have one."""
        return self._parts.run_file.urls

    def log_of(self, name: str) -> Path:
        return self._parts.supervisor.log_of(name)

    async def restart(self, name: str, within_s: float) -> None:
        """
        Have one process run anew, from the program as it is on the disk now; wait until it is ready.

        Raises:
            KeyError: there is no such process.
            NotReadyAgain: it is not ready in time.
        """
        parts = self._parts
        program = parts.supervisor.program(name)
        if not program.fds:
            await parts.supervisor.replace(program, within_s)
            return
        port = free_ports(1)[0]  # two of them run at the same time, and each answers probes
        await parts.supervisor.replace(_probed_at(program, port), within_s)
        parts.run_file.ports[name] = port
        parts.run_file.health[name] = health_url(port)
        self._on_change()

    async def wait_services_ready(self, timeout_s: float) -> list[str]:
        """Wait for the health of every service; returns those that are not ready in time."""
        supervisor = self._parts.supervisor
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await supervisor.wait_ready()
        return supervisor.not_ready()

    # --- Steps of the start, in order ---

    async def _start(self) -> None:
        options = self.options
        account = server_account() if options.database_url is None else None
        path = options.data_folder or default_folder(Path.cwd(), account)
        folder = self._cleanup.enter_context(DataFolder(path, account))
        await end_orphans(folder.path, folder.postgres)
        run_file = RunFile(folder.run / RUN_FILE)
        supervisor = Supervisor([], folder.logs, self._on_event, self._on_change)
        self._started = _Parts(folder, run_file, supervisor)
        self._cleanup.callback(self._on_change)  # the last look at it: all is stopped
        self._cleanup.push_async_callback(supervisor.stop)
        names = {it.name for it in self.services if folders_of(it)}
        programs, addresses = await prepare_servers(options, folder, run_file, names)
        for program in programs:
            supervisor.add(program)
        supervisor.start()
        await self._servers_ready(supervisor)
        await migrate_all(self.services, addresses.database_url, addresses.passwords)
        copies = copies_in(self.services)
        await provide_at_start(addresses, copies)
        self._add_services(addresses)
        self._accompany(addresses, copies)
        supervisor.start()

    async def _servers_ready(self, supervisor: Supervisor) -> None:
        """
        Wait for the embedded servers.

        Raises:
            ServerFault: one of them ends again and again, turns us away, or takes too long.
        """
        ready = asyncio.create_task(supervisor.wait_ready())
        deadline_s = time.monotonic() + SERVERS_READY_S_MAX
        try:
            while supervisor.not_ready():
                await asyncio.wait({ready}, timeout=SERVERS_POLL_S)
                await self._give_up_if_hopeless(supervisor)
                if time.monotonic() > deadline_s:
                    raise _not_started(supervisor, "it runs, but does not answer")
        finally:
            await _end(ready)

    async def _give_up_if_hopeless(self, supervisor: Supervisor) -> None:
        for name in supervisor.not_ready():
            state = supervisor.states()[name]
            if state.looping:
                raise _not_started(supervisor, state.last_exit or "it ends at once")
            patience = timedelta(seconds=SLOW_START_S)
            if name == "postgres" and utc_now() - state.since > patience:
                why = await refusal(self._parts.run_file.urls["database"])
                if why is not None:
                    raise _not_started(supervisor, f"it turns us away: {why}")

    def _add_services(self, addresses: Addresses) -> None:
        supervisor, run_file = self._parts.supervisor, self._parts.run_file
        servers = tuple(supervisor.states())
        for spec, free in zip(self.services, free_ports(len(self.services)), strict=True):
            port = spec.health_port or free
            if spec.has_health:
                run_file.ports[spec.process] = port
                run_file.health[spec.process] = health_url(port)
            if spec.url is not None:
                run_file.urls[spec.process] = spec.url
            told = {**self._environment, **spec.env}
            keys = key_files(self._parts.folder.keys, spec.name, told)
            env = keys | service_environment(
                spec,
                self._reached(spec, addresses),
                port,
                self.options.log_format,
                self._environment,
            )
            program = _program(spec, env, servers, port, self._socket_of(spec))
            supervisor.add(replace(program, cwd=self._project))
        for program in self._extra:
            supervisor.add(program)

    def _socket_of(self, spec: ServiceSpec) -> socket.socket | None:
        if spec.listens is None:
            return None
        return self._cleanup.enter_context(listening_at(*spec.listens, purpose=spec.name))

    def _accompany(self, addresses: Addresses, copies: Mapping[str, int]) -> None:
        """Keep logs small, NATS writing and subscribers provided for; show logs to who wants them."""
        supervisor, folder = self._parts.supervisor, self._parts.folder
        work: list[Coroutine[Any, Any, None]] = [tend(folder.logs)]
        work.append(take_wishes(folder.run, self.restart))
        if self.options.nats_url is None:
            monitor_url = self._parts.run_file.urls["nats-monitor"]
            work.append(keep_provided(folder.nats, addresses.nats_url))
            work.append(keep_writing(monitor_url, folder.nats, lambda: supervisor.kill("nats")))
        if addresses.nats_keys is not None and copies:
            work.append(keep_services_provided(addresses, copies))
        if self.options.echo is not None:
            files = {name: supervisor.log_of(name) for name in supervisor.states()}
            work.append(follow(files, self.options.echo))
        tasks = [asyncio.create_task(it) for it in work]
        self._cleanup.push_async_callback(_end, *tasks)

    # --- What the supervisor tells ---

    def _on_change(self) -> None:
        run_file = self._parts.run_file
        try:
            run_file.write(self.states())
        except OSError as fault:
            # On a full disk the processes run on; only this view of them grows old.
            log.warning("run file not written", file=str(run_file.file), reason=str(fault))

    @property
    def _parts(self) -> _Parts:
        if self._started is None:
            raise RuntimeError("the stack has not been started")
        return self._started


def _as_they_are(_: ServiceSpec, addresses: Addresses) -> Addresses:
    return addresses


def _program(
    spec: ServiceSpec,
    env: Mapping[str, str],
    servers: tuple[str, ...],
    health_port: int,
    taken: socket.socket | None,
) -> Program:
    handed = {} if taken is None else {f"{spec.name.upper()}_FD": str(taken.fileno())}
    return Program(
        name=spec.process,
        argv=spec.argv or (sys.executable, "-m", spec.module),
        cwd=PROJECT,
        env={**env, **handed},
        ready=_healthy_at(health_port) if spec.has_health else None,
        stop_timeout_s=STOP_S_MAX + spec.drain_s,
        after=servers,
        takes_turns=spec.argv is None and spec.name in SERVICES,
        fds=() if taken is None else (taken.fileno(),),
    )


def _probed_at(program: Program, health_port: int) -> Program:
    env = {**program.env, HEALTH_PORT: str(health_port)}
    return replace(program, env=env, ready=_healthy_at(health_port))


def _healthy_at(port: int) -> Callable[[], Awaitable[bool]]:
    async def healthy() -> bool:
        return (await fetch(health_url(port))).status == 200

    return healthy


def _not_started(supervisor: Supervisor, why: str) -> ServerFault:
    name = supervisor.not_ready()[0]
    file = supervisor.log_of(name)
    said = "\n".join(f"    {line}" for line in last_lines(file))
    return ServerFault(
        f"The embedded server {name} does not start: {why}",
        f"Its log is {file}, and ends with:\n{said}",
    )


async def _end(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
