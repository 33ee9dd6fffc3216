"""Tasks that start over on every fault, and yet end when they are asked to."""

import asyncio


def end_if_cancelled() -> None:
    """
    End a loop whose cancellation was swallowed.

    A clean-up that fails because its connection has died replaces the `CancelledError` that caused it,
    and Python 3.11's `wait_for` may lose one. A loop that catches such faults to start over would
    then run for ever, and keep its process from ending. It calls this every time round.

    The other way about, a database connection that is cut may raise a `CancelledError` although nobody
    asked anybody to end: a loop that starts over catches it, and calls this to tell the two apart.

    Raises:
        CancelledError: somebody has asked this task to end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
