"""
A client that waits for services which are being started again.

While nobody listens, a question or a command was heard by nobody: it is put again, until somebody listens
or patience has ended. So whoever asks notices nothing of a service's restart but the time that it takes.
"""

import asyncio
from typing import Any, Final

from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from shared import tracing
from shared.denials import ServiceClient

AGAIN_S: Final = 0.1
TO_SERVICES: Final = ("queries.", "asked.")
"""Subjects that belong to a service, whichever of its processes answers. Elsewhere it is news that nobody
is there: a charger's subject belongs to whoever holds its socket."""


class PatientClient(ServiceClient):
    """
    Asks services again while nobody listens.

    Args:
        patience_s: for how long, in seconds.
        own_account: it signs in as a service, see `ServiceClient`.
    """

    def __init__(self, patience_s: float, *, own_account: bool = False) -> None:
        super().__init__(own_account=own_account)
        self._patience_s = patience_s

    async def request(self, subject: str, *args: Any, **options: Any) -> Msg:  # noqa: ANN401
        """
        Ask, as nats-py does, and again while nobody listens.

        Raises:
            NoRespondersError: nobody listens, and patience has ended.
            Denied: we may not.
        """
        if not subject.startswith(TO_SERVICES):
            return await super().request(subject, *args, **options)
        with tracing.child(f"ask {subject.rpartition('.')[2]}"):
            if tracing.is_on():
                options["headers"] = (options.get("headers") or {}) | tracing.headers()
            return await self._until_heard(subject, *args, **options)

    async def _until_heard(self, subject: str, *args: Any, **options: Any) -> Msg:  # noqa: ANN401
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + self._patience_s
        while True:
            try:
                return await super().request(subject, *args, **options)
            except NoRespondersError:
                if loop.time() >= ends_s:
                    raise
            await asyncio.sleep(AGAIN_S)
