"""When a log and its jetstream contradict each other."""

import pytest

from shared.epochs import Copy, LogState, complaint, contradiction
from shared.subjects import epoch_of, jetstream_of


@pytest.mark.parametrize(
    ("copy", "log", "ours", "says"),
    [
        (None, LogState(1, 0), None, None),
        (None, LogState(3, 9), None, None),
        (Copy("E", 1, 0), LogState(1, 5), None, None),
        (Copy("E", 1, 5, "a"), LogState(1, 5), "a", None),
        (Copy("E", 1, 5, "a"), LogState(1, 9), "a", None),
        (Copy("E", 1, 9, "a"), LogState(2, 5), None, None),
        (Copy("E", 1, 9, "a"), LogState(1, 5), None, "ends with event a at 9"),
        (Copy("E", 1, 5, "a"), LogState(1, 5), "b", "has event b there"),
        (Copy("E", 1, 5, None), LogState(1, 5), "b", "ends with event None"),
        (Copy("E", 2, 0), LogState(1, 5), None, "of epoch 2"),
        (Copy("E", 2, 5, "a"), LogState(1, 5), "a", "of epoch 2"),
    ],
)
def test_a_jetstream_may_be_behind_its_log_and_never_beside_it(
    copy: Copy | None, log: LogState, ours: str | None, says: str | None
) -> None:
    why = contradiction("balancer", copy, log, ours)

    assert (why is None) == (says is None)
    assert says is None or says in (why or "")


def test_a_complaint_says_what_to_do() -> None:
    assert "ampledger log new-epoch balancer" in complaint("balancer", "it is shorter")


@pytest.mark.parametrize("epoch", [1, 2, 10, 4711])
def test_the_name_of_a_jetstream_tells_its_epoch(epoch: int) -> None:
    assert epoch_of("balancer", jetstream_of("balancer", epoch)) == epoch


@pytest.mark.parametrize(
    "name",
    [
        "TELEMETRY",
        "EVENTS_PORTAL",
        "EVENTS_BALANCER_",
        "EVENTS_BALANCER_1",
        "EVENTS_BALANCER_02",
        "EVENTS_BALANCER_X",
        "EVENTS_BALANCER_0",
    ],
)
def test_other_jetstreams_are_not_taken_for_one(name: str) -> None:
    with pytest.raises(ValueError, match="not a jetstream"):
        epoch_of("balancer", name)
