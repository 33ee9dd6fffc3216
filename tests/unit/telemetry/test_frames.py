"""OCPP-J envelopes: every message is read, answered or ignored; none brings the gateway down."""

import hypothesis
import orjson
import pytest
from hypothesis import strategies as st

from services.telemetry import frames
from services.telemetry.frames import Call, CallError, CallResult, Code, Unreadable


def test_a_request_is_read() -> None:
    assert frames.parse(b'[2,"m-1","Heartbeat",{}]') == Call("m-1", "Heartbeat", {})


def test_an_answer_is_read() -> None:
    assert frames.parse(b'[3,"m-1",{"status":"Accepted"}]') == CallResult(
        "m-1", {"status": "Accepted"}
    )


def test_an_error_is_read_with_and_without_its_last_elements() -> None:
    assert frames.parse(b'[4,"m-1","GenericError","oops",{}]') == CallError(
        "m-1", "GenericError", "oops"
    )
    assert frames.parse(b'[4,"m-1","GenericError"]') == CallError("m-1", "GenericError", "")


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"[2,", b"\xff\xfe", b'{"a":1}', b"17", b"null", b"[]", b"[" * 20_000],
)
def test_what_is_no_array_is_answered_without_an_id(data: bytes) -> None:
    frame = frames.parse(data)

    assert isinstance(frame, Unreadable)
    assert frame.reply_to == "-1"


@pytest.mark.parametrize(
    "message_id", ["17.5", "true", '""', "null", '"' + "x" * 37 + '"', "[1]"]
)
def test_a_request_without_a_usable_id_is_answered_without_one(message_id: str) -> None:
    frame = frames.parse(f'[2,{message_id},"Heartbeat",{{}}]'.encode())

    assert isinstance(frame, Unreadable)
    assert frame.reply_to == "-1"
    assert "message id" in frame.reason


def test_a_number_in_place_of_an_id_is_given_back_so_that_its_sender_can_tell() -> None:
    frame = frames.parse(b'[2,17,"Heartbeat",{}]')

    assert isinstance(frame, Unreadable)
    assert (frame.reply_to, frame.code) == (17, Code.PROTOCOL)


def test_a_message_id_of_36_characters_is_usable() -> None:
    assert isinstance(frames.parse(orjson.dumps([2, "x" * 36, "Heartbeat", {}])), Call)


@pytest.mark.parametrize(
    "data",
    [
        b'[2,"m-1"]',
        b'[2,"m-1","Heartbeat"]',
        b'[2,"m-1","Heartbeat",{},{}]',
        b'[2,"m-1",17,{}]',
        b'[2,"m-1","Heartbeat",[]]',
        b'[2,"m-1","Heartbeat",null]',
    ],
)
def test_a_request_of_another_shape_is_answered_under_its_id(data: bytes) -> None:
    frame = frames.parse(data)

    assert isinstance(frame, Unreadable)
    assert frame.reply_to == "m-1"


@pytest.mark.parametrize(
    "data",
    [
        b'[3,"m-1"]',
        b"[3,17,{}]",
        b'[3,"m-1",[]]',
        b'[4,"m-1"]',
        b'[5,"m-1",{}]',
        b'["2","m-1","Heartbeat",{}]',
        b'[2.0,"m-1","Heartbeat",{}]',
        b'[true,"m-1"]',
        b"[null]",
    ],
)
def test_broken_answers_and_unknown_types_are_not_answered(data: bytes) -> None:
    frame = frames.parse(data)

    assert isinstance(frame, Unreadable)
    assert frame.reply_to is None


@hypothesis.given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    frames.parse(data)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


@hypothesis.given(st.lists(_json, max_size=6).map(lambda it: [2, *it]))
def test_no_request_raises(parts: list[object]) -> None:
    frame = frames.parse(orjson.dumps(parts))

    assert isinstance(frame, Call | Unreadable)


def test_what_is_written_is_read_back() -> None:
    assert frames.parse(frames.call("m", "Reset", {"type": "Soft"})) == Call(
        "m", "Reset", {"type": "Soft"}
    )
    assert frames.parse(frames.result("m", {})) == CallResult("m", {})
    error = frames.parse(frames.error("m", Code.OCCURENCE, "x" * 300))
    assert isinstance(error, CallError)
    assert error.code == "OccurenceConstraintViolation"
    assert len(error.description) == 255
