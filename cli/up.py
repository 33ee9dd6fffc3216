"""`ampledger up` in the foreground: from the start to the signal that ends it."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Final

from cli.composition import ServiceSpec
from cli.options import StackOptions
from cli.processes import Program
from cli.stack import Stack
from cli.states import Listener

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run_stack(
    options: StackOptions,
    services: Sequence[ServiceSpec],
    *,
    extra: Sequence[Program] = (),
    on_event: Listener | None = None,
    on_up: Callable[[Stack, list[str]], None] | None = None,
    on_stopping: Callable[[], None] | None = None,
) -> None:
    """
    Run the stack until SIGINT, SIGTERM or SIGHUP; a second signal ends it the hard way.

    Call this from the main thread: signals and the ties to our children need it.

    Args:
        options: where everything is.
        services: what runs on top of the servers.
        extra: further programs, started with the services.
        on_event: told everything that happens to a process; must neither raise nor block.
        on_up: called once, when all services are ready or their time is up, with the names of
            those that are not.
        on_stopping: called at the first signal.

    Raises:
        StackFault: the stack cannot start.
    """
    stack = Stack(options, services, extra=extra, on_event=on_event)
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            stack.kill()
        elif on_stopping is not None:
            on_stopping()
        stopping.set()

    async def bring_up() -> None:
        await stack.start()
        late = await stack.wait_services_ready(options.services_ready_s_max)
        if on_up is not None:
            on_up(stack, late)

    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    up = asyncio.create_task(bring_up())
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({up, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            await up
            await stopped
    finally:
        for task in (up, stopped):
            task.cancel()
        await asyncio.gather(up, stopped, return_exceptions=True)
        await stack.stop()
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
