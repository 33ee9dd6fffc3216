"""What a server asks of a charger's hardware is answered as a real charger does."""

# ruff: noqa: S311  # simulated hardware needs no cryptography

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from shared.phases import GridType
from simulator.cars import THREE_PHASE_16, new_car
from simulator.charger import Charger
from simulator.outlet import Outlet
from simulator.payloads import CallRefused, Payload, timestamp
from simulator.requests import answer
from simulator.transactions import Authorisation

NOW_S = datetime(2026, 11, 28, tzinfo=UTC).timestamp()
MINE, THEIRS = "CARD0001", "CARD0002"
LOCATION = "https://firmware.example/go-2.4.bin"


@pytest.fixture
def charger() -> Charger:
    made = Charger("ZAP000001", Outlet(32.0, GridType.TN_3_PHASE, 3), Random(3))
    made.registration.accepted = made.registration.booted = made.connected = True
    made.registration.clock_error_s = 0.0
    return made


def asked(charger: Charger, action: str, **payload: Any) -> str:
    return str(answer(charger, action, payload, NOW_S)["status"])


def told(charger: Charger, action: str) -> list[Payload]:
    return [it.content() for it in charger.outbox.waiting if it.action == action]


def reserve(charger: Charger, reservation_id: int = 1, **also: Any) -> str:
    wanted = {
        "connectorId": 1,
        "expiryDate": timestamp(NOW_S + 60),
        "idTag": MINE,
        "reservationId": reservation_id,
    }
    return asked(charger, "ReserveNow", **(wanted | also))


def come(charger: Charger, card: str, parent: str | None = None) -> None:
    """A driver comes with a car and a card, of which the server says that it is good."""
    charger.plug(new_car(THREE_PHASE_16, 3, 50.0, Random(3)), card, NOW_S)
    charger.tick(NOW_S)
    asking = next(it for it in charger.outbox.waiting if it.action == "Authorize")
    info = {"status": "Accepted"} | ({} if parent is None else {"parentIdTag": parent})
    charger.outbox.done(asking)
    asking.answered({"idTagInfo": info}, NOW_S)


# --- Reservations ---


def test_a_reserved_charger_shows_it_and_lets_its_driver_charge(charger: Charger) -> None:
    assert reserve(charger) == "Accepted"
    assert charger.status == "Reserved"

    come(charger, MINE)

    (started,) = told(charger, "StartTransaction")
    assert started["reservationId"] == 1
    assert charger.transactions.reservation is None


def test_somebody_else_is_turned_away_and_whose_card_stands_for_it_is_not(
    charger: Charger,
) -> None:
    reserve(charger, parentIdTag="FAMILY")

    come(charger, THEIRS, parent="OTHERS")
    refused = charger.transactions.authorisation
    charger.unplug(NOW_S)
    come(charger, THEIRS, parent="FAMILY")

    assert refused is Authorisation.REFUSED
    assert charger.transactions.running is not None


def test_a_reservation_ends_by_itself_or_is_cancelled(charger: Charger) -> None:
    reserve(charger)
    charger.tick(NOW_S + 61)
    expired = charger.status
    reserve(charger, 2, expiryDate=timestamp(NOW_S + 600))

    assert expired == "Available"
    assert asked(charger, "CancelReservation", reservationId=1) == "Rejected"
    assert asked(charger, "CancelReservation", reservationId=2) == "Accepted"
    assert charger.status == "Available"


def test_what_is_taken_or_out_of_use_is_not_reserved(charger: Charger) -> None:
    reserve(charger)
    other = reserve(charger, 2)
    again = reserve(charger, 1, expiryDate=timestamp(NOW_S + 600))
    asked(charger, "CancelReservation", reservationId=1)
    asked(charger, "ChangeAvailability", connectorId=0, type="Inoperative")
    unavailable = reserve(charger)
    asked(charger, "ChangeAvailability", connectorId=0, type="Operative")
    come(charger, MINE)

    assert (other, again, unavailable) == ("Occupied", "Accepted", "Unavailable")
    assert reserve(charger) == "Occupied"


def test_from_afar_only_whom_it_is_kept_for_begins(charger: Charger) -> None:
    reserve(charger)
    charger.plug(new_car(THREE_PHASE_16, 3, 50.0, Random(3)), THEIRS, NOW_S)

    assert asked(charger, "RemoteStartTransaction", idTag=THEIRS) == "Rejected"
    assert asked(charger, "RemoteStartTransaction", idTag=MINE.lower()) == "Accepted"


# --- Diagnostics ---


def test_records_are_sent_in_steps(charger: Charger) -> None:
    diagnostics = answer(charger, "GetDiagnostics", {"location": "sftp://logs"}, NOW_S)
    wanted = {
        "log": {"remoteLocation": "sftp://logs"},
        "logType": "SecurityLog",
        "requestId": 7,
    }
    log = answer(charger, "GetLog", wanted, NOW_S)

    assert diagnostics["fileName"] == "ZAP000001-diagnostics.zip"
    assert log == {"status": "Accepted", "filename": "ZAP000001-SecurityLog.txt"}
    assert [it["status"] for it in told(charger, "DiagnosticsStatusNotification")] == [
        "Uploading",
        "Uploaded",
    ]
    assert told(charger, "LogStatusNotification")[-1] == {"status": "Uploaded", "requestId": 7}


# --- Certificates and firmware ---


class Maker:
    """Somebody who signs firmware."""

    def __init__(self, name: str = "Maker") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.root = self.issue(self.name, self.key)

    def issue(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> str:
        begins = datetime(2026, 1, 1, tzinfo=UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.name)
        builder = builder.public_key(key.public_key()).serial_number(4711)
        builder = builder.not_valid_before(begins).not_valid_after(begins + timedelta(9999))
        made = builder.sign(self.key, hashes.SHA256())
        return made.public_bytes(Encoding.PEM).decode()

    def firmware(self, content: str = LOCATION) -> Payload:
        signature = self.key.sign(content.encode(), ec.ECDSA(hashes.SHA256()))
        return {
            "location": LOCATION,
            "retrieveDateTime": timestamp(NOW_S),
            "signature": b64encode(signature).decode(),
            "signingCertificate": self.root,
        }


def test_roots_are_installed_listed_and_deleted(charger: Charger) -> None:
    use = "CentralSystemRootCertificate"
    none = asked(charger, "GetInstalledCertificateIds", certificateType=use)
    bad = asked(charger, "InstallCertificate", certificateType=use, certificate="no PEM")
    good = asked(charger, "InstallCertificate", certificateType=use, certificate=Maker().root)
    listed = answer(charger, "GetInstalledCertificateIds", {"certificateType": use}, NOW_S)
    (known,) = listed["certificateHashData"]

    assert (none, bad, good) == ("NotFound", "Rejected", "Accepted")
    assert known["serialNumber"] == "1267"
    assert asked(charger, "DeleteCertificate", certificateHashData=known) == "Accepted"
    assert asked(charger, "DeleteCertificate", certificateHashData=known) == "NotFound"


def test_there_is_room_for_so_many_roots(charger: Charger) -> None:
    use = "ManufacturerRootCertificate"
    taken = [
        asked(charger, "InstallCertificate", certificateType=use, certificate=Maker().root)
        for _ in range(6)
    ]

    assert taken == ["Accepted"] * 5 + ["Failed"]


def test_firmware_with_a_good_signature_is_installed(charger: Charger) -> None:
    maker = Maker()
    charger.roots.install("ManufacturerRootCertificate", maker.root)

    assert asked(charger, "SignedUpdateFirmware", requestId=3, firmware=maker.firmware()) == (
        "Accepted"
    )
    steps = told(charger, "SignedFirmwareStatusNotification")
    assert steps[-1] == {"status": "Installed", "requestId": 3}
    assert "SignatureVerified" in [it["status"] for it in steps]


def test_firmware_that_is_not_what_was_signed_is_not_installed(charger: Charger) -> None:
    maker = Maker()
    charger.roots.install("ManufacturerRootCertificate", maker.root)
    forged = maker.firmware("something else")

    stranger = asked(
        charger, "SignedUpdateFirmware", requestId=1, firmware=Maker("Other").firmware()
    )
    asked(charger, "SignedUpdateFirmware", requestId=2, firmware=forged)

    assert stranger == "InvalidCertificate"
    steps = told(charger, "SignedFirmwareStatusNotification")
    assert steps[-1]["status"] == "InvalidSignature"
    assert [it["type"] for it in told(charger, "SecurityEventNotification")] == [
        "InvalidFirmwareSigningCertificate",
        "InvalidFirmwareSignature",
    ]


# --- Other ---


def test_what_its_vendor_defined_is_understood_and_nothing_else(charger: Charger) -> None:
    echo = {"vendorId": "Simulated", "messageId": "Echo", "data": "hello"}

    assert answer(charger, "DataTransfer", echo, NOW_S)["data"] == "hello"
    assert asked(charger, "DataTransfer", vendorId="Simulated") == "UnknownMessageId"
    assert asked(charger, "DataTransfer", vendorId="Other") == "UnknownVendorId"


def test_the_security_profile_only_rises(charger: Charger) -> None:
    def change(value: str) -> str:
        return asked(charger, "ChangeConfiguration", key="SecurityProfile", value=value)

    assert [change(it) for it in ("2", "1", "4", "x", "3")] == [
        "Accepted",
        "Rejected",
        "Rejected",
        "Rejected",
        "Accepted",
    ]


def test_a_socket_lets_go_of_its_cable_and_ends_the_session(charger: Charger) -> None:
    charger.has_socket = True
    come(charger, MINE)

    assert asked(charger, "UnlockConnector", connectorId=1) == "Unlocked"
    assert told(charger, "StopTransaction")[0]["reason"] == "UnlockCommand"
    with pytest.raises(CallRefused):
        asked(charger, "UnlockConnector", connectorId=9)
