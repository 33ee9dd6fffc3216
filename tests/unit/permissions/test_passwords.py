"""What a password has to be, and how it is kept."""

import pytest
from argon2 import PasswordHasher, extract_parameters

from services.permissions.sign_in.passwords import COMMON, Passwords, check_password
from services.permissions.sign_in.refusals import PasswordTooWeak

GOOD = "walrus ladder violin"


@pytest.mark.parametrize("password", [GOOD, "öffne den kühlschrank leise", "x7#Kp!vQ2w%Zt9"])
def test_length_and_chance_are_all_that_is_asked(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize("password", ["", "walrus vio", "Tr0ub4dor&3"])
def test_a_short_one_is_refused_with_what_to_do(password: str) -> None:
    with pytest.raises(PasswordTooWeak, match="at least 12 characters"):
        check_password(password)


def test_a_very_long_one_is_refused_before_anything_is_reckoned() -> None:
    with pytest.raises(PasswordTooWeak, match="at most 256"):
        check_password("a" * 257)


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaaaaaaa", "password1234", "qwertyuiop[]", "123456789012"]
)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak, match="first that would be guessed"):
        check_password(password)


def test_none_of_the_most_common_ones_gets_through() -> None:
    long_ones = [it for it in COMMON if len(it) >= 12]
    assert len(long_ones) > 10
    for password in long_ones:
        with pytest.raises(PasswordTooWeak):
            check_password(password)
        with pytest.raises(PasswordTooWeak):
            check_password(password.upper())


def test_ones_own_address_is_no_password() -> None:
    with pytest.raises(PasswordTooWeak):
        check_password("ada.lovelace@example.com", ("ada.lovelace@example.com",))


async def test_a_password_is_kept_as_argon2id_with_the_recommended_parameters() -> None:
    kept = await Passwords().hash(GOOD)

    found = extract_parameters(kept)
    assert kept.startswith("$argon2id$")
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19 * 1024, 2, 1)


async def test_right_and_wrong_are_told_apart_and_nobody_has_no_password() -> None:
    passwords = Passwords()
    kept = await passwords.hash(GOOD)

    assert await passwords.is_right(kept, GOOD)
    assert not await passwords.is_right(kept, GOOD + " ")
    assert not await passwords.is_right(None, GOOD)
    assert not await passwords.is_right("no hash at all", GOOD)


async def test_a_hash_of_other_parameters_is_outdated() -> None:
    passwords = Passwords()
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(GOOD)

    assert passwords.is_outdated(weak)
    assert not passwords.is_outdated(await passwords.hash(GOOD))
