"""Frames of WebSockets are found in what comes, and disturbed one by one."""

from hypothesis import given
from hypothesis import strategies as st

from cli.chaos.frames import REPEATED, SWAPPED, Disorder, Frames, is_message

HEAD = b"GET /AMP100001 HTTP/1.1\r\nHost: here\r\n\r\n"
PONG = bytes([0x8A, 0x80]) + b"mask"


def text(size: int, masked: bool = True) -> bytes:
    mask = 0x80 if masked else 0
    if size < 126:
        head = bytes([0x81, mask | size])
    elif size < 1 << 16:
        head = bytes([0x81, mask | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x81, mask | 127]) + size.to_bytes(8, "big")
    return head + (b"mask" if masked else b"") + b"x" * size


@given(
    sizes=st.lists(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536]), max_size=5),
    masked=st.booleans(),
    piece=st.integers(1, 70_000),
)
def test_however_a_stream_comes_its_frames_are_found(
    sizes: list[int], masked: bool, piece: int
) -> None:
    units = [HEAD, *(text(it, masked) for it in sizes), PONG]
    stream = b"".join(units)
    piece = max(piece, len(stream) // 1000 + 1)
    frames = Frames()

    found = [
        it for at in range(0, len(stream), piece) for it in frames.feed(stream[at : at + piece])
    ]

    assert found == units
    assert [is_message(it) for it in found] == [False, *(True for _ in sizes), False]


def test_messages_come_twice_and_nothing_else_does() -> None:
    disorder = Disorder()

    assert disorder.pass_on(HEAD, REPEATED) == [HEAD]
    assert disorder.pass_on(text(3), REPEATED) == [text(3), text(3)]
    assert disorder.pass_on(PONG, REPEATED) == [PONG]


def test_a_message_changes_places_with_the_next_frame_and_none_is_lost() -> None:
    disorder = Disorder()

    assert disorder.pass_on(text(1), SWAPPED) == []
    assert disorder.pass_on(text(2), SWAPPED) == [text(2), text(1)]
    assert disorder.pass_on(text(3), SWAPPED) == []
    assert disorder.pass_on(PONG, "open") == [PONG, text(3)]
    assert disorder.pass_on(text(4), "open") == [text(4)]
