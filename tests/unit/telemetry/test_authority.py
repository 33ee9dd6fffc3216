"""Which certificate requests are signed, and what comes of it."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ExtendedKeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.telemetry.authority import RequestRefused, common_name_of, number_of
from shared.messages.credentials import CSR_CHARACTERS_MAX
from tests.support.certificates import NOW, csr_of, new_authority, new_key
from tests.unit.telemetry.facts import ASSIGNED

SERIAL = ASSIGNED.serial


@pytest.mark.parametrize(
    "key",
    [new_key(), ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
)
def test_a_request_with_a_strong_key_is_signed(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    authority = new_authority(days=30)

    checked = authority.checked(csr_of(SERIAL, key), ASSIGNED)
    certificate = authority.signed(checked, SERIAL, 0xABC, NOW)

    assert (common_name_of(certificate), number_of(certificate)) == (SERIAL, "ABC")
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_after_utc - NOW <= timedelta(days=30)
    usage = certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert authority.has_signed(certificate)
    assert not new_authority().has_signed(certificate)


@pytest.mark.parametrize(
    ("csr", "why"),
    [
        (csr_of("ZAP999999", new_key()), "common name has to be the serial number ZAP000012"),
        (csr_of(SERIAL, ec.generate_private_key(ec.SECP224R1())), "the key is weak"),
        (csr_of(SERIAL, rsa.generate_private_key(65537, 1024)), "the key is weak"),  # noqa: S505
        ("no certificate request", "PKCS #10"),
        (csr_of(SERIAL, new_key())[:200], "PKCS #10"),
        ("A" * (CSR_CHARACTERS_MAX + 1), "characters"),
        ("ø", "PKCS #10"),
    ],
)
def test_what_is_not_signed_is_told_why(csr: str, why: str) -> None:
    with pytest.raises(RequestRefused, match=why):
        new_authority().checked(csr, ASSIGNED)


def test_a_request_that_was_changed_on_its_way_is_not_signed() -> None:
    csr = csr_of(SERIAL, new_key())
    lines = csr.splitlines()
    middle = len(lines) // 2
    flipped = "A" if lines[middle][10] != "A" else "B"
    lines[middle] = lines[middle][:10] + flipped + lines[middle][11:]

    with pytest.raises(RequestRefused):
        new_authority().checked("\n".join(lines), ASSIGNED)


def test_the_organization_has_to_be_ours_where_one_is_asked_for() -> None:
    authority = new_authority(organization="Harbour Charging")

    authority.checked(csr_of(SERIAL, new_key(), "Harbour Charging"), ASSIGNED)
    with pytest.raises(RequestRefused, match="CpoName"):
        authority.checked(csr_of(SERIAL, new_key(), "Somebody"), ASSIGNED)
    with pytest.raises(RequestRefused, match="nobody"):
        authority.checked(csr_of(SERIAL, new_key()), ASSIGNED)


def test_no_certificate_outlives_the_authority() -> None:
    authority = new_authority(days=365 * 40)
    checked = authority.checked(csr_of(SERIAL, new_key()), ASSIGNED)

    certificate = authority.signed(checked, SERIAL, 1, NOW)

    assert certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc
