"""
A secret that stands in a page, written differently each time.

Answers are compressed, and how short one becomes tells what in it is alike (BREACH). So what proves that a
form is of somebody's session is masked anew in every page: nothing an attacker can have written beside it
is like it.
"""

import base64
import binascii


def masked(secret: str, mask: bytes) -> str:
    """
    Write a secret under a mask.

    Args:
        secret: ASCII, without a full stop.
        mask: chance, as many bytes as the secret has characters.

    >>> masked("hers", b"1234"), unmasked(masked("hers", b"1234"))
    ('MTIzNA.WVdBRw', 'hers')
    """
    hidden = bytes(it ^ other for it, other in zip(secret.encode(), mask, strict=True))
    return f"{_written(mask)}.{_written(hidden)}"


def unmasked(text: str) -> str | None:
    """
    Read what stands under a mask; what has none is as it is, what was tampered with is nothing.

    >>> unmasked("hers"), unmasked("MTIzNA.WVdB"), unmasked("MTIzNA.?")
    ('hers', None, None)
    """
    mask, dot, hidden = text.partition(".")
    if not dot:
        return text
    try:
        pairs = zip(_read(mask), _read(hidden), strict=True)
        return bytes(it ^ other for it, other in pairs).decode("ascii")
    except (ValueError, binascii.Error):
        return None


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _read(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
