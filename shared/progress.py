"""How far one follower has come: for the health of its service, and for its figures."""

from collections.abc import Callable, Sequence
from datetime import datetime

from nats.aio.msg import Msg

from shared import metrics
from shared.clock import utc_now


def _nobody() -> None:
    """Nobody asks whether the follower turns."""


class Progress:
    """
    One follower of one log.

    It is ready once it has taken in what there was when it began. That it is behind after that is told by
    its figures, and it stays ready: if all processes of a service are behind, none of them is better.

    Args:
        consumer: whose follower it is.
        log: which log it follows.
        beat: called each time it comes round.
    """

    def __init__(self, consumer: str, log: str, beat: Callable[[], None] = _nobody) -> None:
        self.beat = beat
        self._goal: tuple[int, int] | None = None
        self._caught_up = False
        self._behind_since: datetime | None = utc_now()
        self._followed = metrics.FOLLOWED.labels(consumer, log)
        self._faults = metrics.FOLLOWER_FAULTS.labels(consumer, log)
        self._parked = metrics.PARKED.labels(consumer, log)
        metrics.FOLLOWER_LAG.labels(consumer, log).set_function(self.lag_s)

    def begun(self, epoch: int, whole: int) -> None:
        """Note the end of the log at the start: what has to be taken in first."""
        if not self._caught_up:
            self._goal = (epoch, whole)

    def nothing_announced(self) -> None:
        """Note that there is no jetstream: a log that nobody has announced yet holds nothing."""
        self._caught_up = True
        self._behind_since = None

    def at(self, epoch: int, position: int) -> None:
        """Note where the cursor is."""
        self._caught_up = self._caught_up or (
            self._goal is not None and (epoch, position) >= self._goal
        )

    def took(self, messages: Sequence[Msg], recorded_at: datetime | None) -> None:
        """
        Note a batch that was taken in.

        Args:
            messages: as they came; the last one says how many wait behind it.
            recorded_at: when the last of them was appended: what waits is younger.
        """
        self._followed.inc(len(messages))
        behind = messages[-1].metadata.num_pending
        self._behind_since = recorded_at or utc_now() if behind else None

    def idle(self) -> None:
        """Note that nothing waits."""
        self._behind_since = None

    def failed(self) -> None:
        """Note that it has to start over; until then nobody knows what waits."""
        self._faults.inc()
        self._behind_since = self._behind_since or utc_now()

    def parked(self, count: int) -> None:
        """Note how many events are put aside."""
        self._parked.set(count)

    def lag_s(self) -> float:
        """How old what waits may be, in seconds; 0 when nothing does."""
        since = self._behind_since
        return 0.0 if since is None else max(0.0, (utc_now() - since).total_seconds())

    def standing(self) -> bool | str:
        """For the health of the service: whether it has caught up since it began, or why not."""
        return self._caught_up or "it is still taking in what happened before"
