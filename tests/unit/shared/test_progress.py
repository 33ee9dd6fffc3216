"""How far a follower is: ready once it has caught up, and behind for as long as something waits."""

from datetime import timedelta

from nats.aio.client import Client
from nats.aio.msg import Msg
from prometheus_client import REGISTRY

from shared.clock import utc_now
from shared.progress import Progress


def message(pending: int) -> Msg:
    """A message as JetStream delivers it, with so many behind it."""
    reply = f"$JS.ACK.EVENTS.portal.1.7.7.1700000000000000000.{pending}"
    return Msg(_client=Client(), subject="events.x", reply=reply, data=b"")


def figure(name: str, consumer: str) -> float:
    return REGISTRY.get_sample_value(name, {"consumer": consumer, "log": "installation"}) or 0.0


def test_it_is_ready_once_it_has_taken_in_what_there_was_when_it_began() -> None:
    progress = Progress("ready", "installation")
    progress.begun(epoch=1, whole=10)
    progress.at(1, 9)
    assert progress.standing() is not True

    progress.at(1, 10)
    assert progress.standing() is True

    progress.begun(epoch=1, whole=500)  # it has started over meanwhile, and is behind
    progress.at(1, 10)
    assert progress.standing() is True


def test_a_log_that_nobody_has_announced_yet_is_waited_for_by_nobody() -> None:
    progress = Progress("empty", "installation")
    progress.nothing_announced()
    assert progress.standing() is True
    assert progress.lag_s() == 0.0


def test_what_waits_is_as_old_as_what_was_taken_last_at_most() -> None:
    progress = Progress("late", "installation")
    progress.took([message(3)], utc_now() - timedelta(seconds=90))
    assert 90 <= figure("ampledger_follower_lag_seconds", "late") < 100

    progress.took([message(0)], utc_now() - timedelta(seconds=80))
    assert figure("ampledger_follower_lag_seconds", "late") == 0.0
    assert figure("ampledger_events_followed_total", "late") == 2.0


def test_one_that_starts_over_is_behind_until_it_has_looked() -> None:
    progress = Progress("fails", "installation")
    progress.idle()
    progress.failed()
    progress.failed()
    assert progress.lag_s() > 0.0
    assert figure("ampledger_follower_faults_total", "fails") == 2.0

    progress.idle()
    assert progress.lag_s() == 0.0
