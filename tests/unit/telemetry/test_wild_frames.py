"""Whatever a charger sends, of whichever version: it is read, mended, answered or refused, and no more."""

import os
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.telemetry import frames
from services.telemetry.charger import Charger
from services.telemetry.dialect import Dialect
from services.telemetry.dialects import DIALECTS
from services.telemetry.frames import Call
from services.telemetry.mending import mended
from services.telemetry.payloads import CallRefused
from tests.support import wild_frames

EXAMPLES = int(os.environ.get("WILD_EXAMPLES", "400"))
"""Far more of them take an hour: WILD_EXAMPLES=200000."""


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda it: it.name)
@settings(max_examples=EXAMPLES)
@given(rng=st.randoms(use_true_random=True), wild=st.sampled_from([0.0, 0.02, 0.1, 0.5]))
def test_every_request_is_heard_or_refused(dialect: Dialect, rng: Random, wild: float) -> None:
    one = dialect.for_one(Charger)
    action = rng.choice(wild_frames.requests(dialect.subprotocol))
    payload = wild_frames.payload(dialect.subprotocol, action, rng, wild)
    if not isinstance(payload, dict):
        return
    before = orjson.dumps(payload)

    found = mended(payload, lambda it: one.violation_of_request(action, it))
    try:
        said = None if found is None else one.hear(action, found.payload)
    except CallRefused:
        said = None

    assert orjson.dumps(payload) == before
    if said is not None:
        one.answer(action, [None] * len(said))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda it: it.name)
@settings(max_examples=EXAMPLES)
@given(rng=st.randoms(use_true_random=True))
def test_every_frame_is_read(dialect: Dialect, rng: Random) -> None:
    data = wild_frames.frame(
        dialect.subprotocol, wild_frames.requests(dialect.subprotocol), rng
    )

    frame = frames.parse(data)

    assert not isinstance(frame, Call) or isinstance(frame.payload, dict)
