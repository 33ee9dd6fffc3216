"""
WebSocket frames in a stream of bytes, and what a disturbed connection makes of them; pure.

A stream begins with the head of an HTTP request, and goes on with frames (RFC 6455, 5.2). Frames are passed
on as they came, masks included; a line whose frames are compressed cannot be disturbed in this way.
"""

from dataclasses import dataclass
from typing import Final

HEAD_END: Final = b"\r\n\r\n"
TEXT, BINARY = 1, 2
REPEATED, SWAPPED, BROKEN = "repeated", "swapped", "broken"
FRAME_STATES: Final = (REPEATED, SWAPPED, BROKEN)
_MASKED: Final = 0x80
_EXTENDED: Final = {126: 2, 127: 8}
"""So many bytes more say how long a frame is."""


@dataclass(slots=True)
class Frames:
    """Cuts a stream into its head and its frames."""

    _left: bytes = b""
    _in_head: bool = True

    def feed(self, data: bytes) -> list[bytes]:
        """Take what has come; gives what is whole by now, in order."""
        self._left += data
        whole: list[bytes] = []
        while size := self._size():
            whole.append(self._left[:size])
            self._left = self._left[size:]
            self._in_head = False
        return whole

    def _size(self) -> int:
        """How long the next unit is; 0 while it is not all there."""
        if self._in_head:
            found = self._left.find(HEAD_END)
            return 0 if found < 0 else found + len(HEAD_END)
        size = frame_size(self._left)
        return size if size <= len(self._left) else 0


@dataclass(slots=True)
class Disorder:
    """What becomes of one frame after the other."""

    _held: bytes = b""

    def pass_on(self, frame: bytes, state: str) -> list[bytes]:
        """Say what comes through instead of a frame: what was held back comes after the next one."""
        if state == SWAPPED and not self._held and is_message(frame):
            self._held = frame
            return []
        through = [frame, frame] if state == REPEATED and is_message(frame) else [frame]
        if self._held:
            through.append(self._held)
            self._held = b""
        return through


def frame_size(data: bytes) -> int:
    """
    Say how long the frame is with which some bytes begin; 0 while that is not known.

    >>> frame_size(bytes([0x81, 0x83]) + b"mask" + b"abc and more"), frame_size(b"")
    (9, 0)
    """
    if len(data) < 2:
        return 0
    size, head = data[1] & ~_MASKED, 2
    if size in _EXTENDED:
        head += _EXTENDED[size]
        if len(data) < head:
            return 0
        size = int.from_bytes(data[2:head], "big")
    return head + (4 if data[1] & _MASKED else 0) + size


def is_message(frame: bytes) -> bool:
    """
    Tell a frame that says something from one that keeps a connection alive, and from the head.

    >>> is_message(bytes([0x81, 0x80]) + b"mask"), is_message(bytes([0x8A, 0x80]) + b"mask")
    (True, False)
    >>> is_message(b"GET /AMP100001 HTTP/1.1")
    False
    """
    return bool(frame[0] & 0x80) and frame[0] & 0x0F in {TEXT, BINARY}
