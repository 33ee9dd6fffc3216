"""Whoever is wrong too often is not listened to for a while, and nobody else suffers."""

from services.telemetry.attempts import (
    ATTEMPTS_MAX,
    OF_ADDRESS_MAX,
    OF_ONE_MAX,
    WINDOW_S,
    Attempts,
)

HOME, AWAY = "203.0.113.7", "198.51.100.1"


def wrong(attempts: Attempts, times: int, serial: str, at_s: float = 0.0) -> None:
    for _ in range(times):
        attempts.wrong(HOME, serial, at_s)


def test_a_charger_with_a_wrong_password_does_not_lock_its_neighbours_out() -> None:
    attempts = Attempts()
    wrong(attempts, OF_ADDRESS_MAX + 1, "ZAP000001")

    assert attempts.exhausted(HOME, "ZAP000001", 1.0, known=True)
    assert not attempts.exhausted(HOME, "ZAP000002", 1.0, known=True)
    assert not attempts.exhausted(AWAY, "ZAP000001", 1.0, known=True)


def test_whoever_tries_one_serial_number_after_another_is_stopped() -> None:
    attempts = Attempts()
    for number in range(OF_ADDRESS_MAX):
        assert not attempts.exhausted(HOME, f"ZAP{number:06}", 0.0, known=False)
        attempts.wrong(HOME, f"ZAP{number:06}", 0.0)

    assert attempts.exhausted(HOME, "ZAP009999", 0.0, known=False)
    assert not attempts.exhausted(HOME, "ZAP009999", WINDOW_S, known=False)


def test_attempts_are_forgotten_after_a_while() -> None:
    attempts = Attempts()
    wrong(attempts, OF_ONE_MAX, "ZAP000001")

    assert attempts.exhausted(HOME, "ZAP000001", WINDOW_S - 1, known=True)
    assert not attempts.exhausted(HOME, "ZAP000001", WINDOW_S, known=True)


def test_however_many_addresses_are_wrong_only_so_many_are_remembered() -> None:
    attempts = Attempts()
    wrong(attempts, OF_ONE_MAX, "ZAP000001")
    for number in range(ATTEMPTS_MAX):
        attempts.wrong(f"address-{number}", "ZAP000002", 1.0)

    assert not attempts.exhausted(HOME, "ZAP000001", 1.0, known=True)
    last = f"address-{ATTEMPTS_MAX - 1}"
    for _ in range(OF_ONE_MAX - 1):
        attempts.wrong(last, "ZAP000002", 1.0)
    assert attempts.exhausted(last, "ZAP000002", 1.0, known=True)
