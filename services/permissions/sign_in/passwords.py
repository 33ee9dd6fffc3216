"""
Passwords: long and not among those that everybody tries; kept as argon2id.

Length and the list of common ones are all that is asked (NIST SP 800-63B, 5.1.1.2): rules of composition
make passwords worse. Parameters are those of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one
lane.
"""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from services.permissions.sign_in.minting import new_secret
from services.permissions.sign_in.refusals import PasswordTooWeak
from shared.messages.signing_in import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
AT_ONCE_MAX: Final = 4
"""How many are reckoned at the same time: each takes 19 MiB and a core."""

COMMON: Final = frozenset(FREQUENCY_LISTS["passwords"][:10_000])
GUESSES_MIN: Final = 1e6
"""A password that an estimate (zxcvbn) finds among the first million guesses is not let through: common
words in a row, keyboard runs, repetitions, one's own e-mail address."""
ESTIMATED_CHARS_MAX: Final = 72


def check_password(password: str, own_words: tuple[str, ...] = ()) -> None:
    """
    Check that a password would not be guessed.

    Args:
        password: as it was typed.
        own_words: what is known of the person, such as name and e-mail address.

    Raises:
        PasswordTooWeak: it would be; the text says what to do.
    """
    if len(password) < PASSWORD_CHARS_MIN:
        raise PasswordTooWeak(
            f"A password has at least {PASSWORD_CHARS_MIN} characters; three or four words that do not "
            "belong together make a good one."
        )
    if len(password) > PASSWORD_CHARS_MAX:
        raise PasswordTooWeak(f"A password has at most {PASSWORD_CHARS_MAX} characters.")
    begin = password[:ESTIMATED_CHARS_MAX]
    guessable = float(zxcvbn(begin, user_inputs=list(own_words))["guesses"]) < GUESSES_MIN
    if guessable or password.lower() in COMMON:
        raise PasswordTooWeak(
            "This password is among the first that would be guessed. Three or four words that do not "
            "belong together make a good one."
        )


class Passwords:
    """Reckons in threads, a few at a time: a hash takes many milliseconds."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES
        )
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._nobodys = self._hasher.hash(new_secret())

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Compare; where nothing is kept, as much work is done for nothing."""
        async with self._turns:
            right = await asyncio.to_thread(self._verify, kept or self._nobodys, password)
        return right and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
