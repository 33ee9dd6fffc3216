"""Chargers at a gateway that speaks TLS: with passwords, and with certificates of their own."""

import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus

from services.telemetry.authority import number_of, pem_of
from services.telemetry.charger import AssignedCharger
from services.telemetry.settings import Settings
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.credentials import (
    ChargerCertificateIssued,
    ChargerCertificateRevoked,
    IssueChargerCertificate,
    RequestChargerCertificate,
    RevokeChargerCertificate,
)
from shared.messages.telemetry import ChargerConnected
from tests.integration.telemetry.passwords import asked, password_of, shows, withdrawn
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.simulated import living
from tests.integration.telemetry.world import Place, Service, World
from tests.support.certificates import Files, csr_of, key_pem, new_authority, new_key, written
from tests.unit.telemetry.facts import ASSIGNED

pytestmark = pytest.mark.integration

AN_HOUR = timedelta(hours=1)
CertificateFact = ChargerCertificateIssued | ChargerCertificateRevoked


@contextlib.asynccontextmanager
async def encrypted(world: World, files: Files, **told: Any) -> AsyncIterator[str]:
    """Have the gateway speak TLS for as long as the context is open; yields its address."""
    await world.service.stop()
    given = world.settings.model_dump() | {
        "TELEMETRY_OCPP_PORT": world.settings.ocpp_port,
        "TELEMETRY_CALL_TIMEOUT_S": world.settings.call_timeout_s,
        "TELEMETRY_TLS_CERT": files.tls_cert,
        "TELEMETRY_TLS_KEY": files.tls_key,
        **told,
    }
    service = Service(Settings(**given))
    await service.start()
    try:
        yield world.gateway.replace("ws://", "wss://")
    finally:
        await service.stop()
        await world.service.start()


def signing(files: Files) -> dict[str, Any]:
    return {"TELEMETRY_CA_CERT": files.ca_cert, "TELEMETRY_CA_KEY": files.ca_key}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return written(tmp_path_factory.mktemp("certificates"))


def trusting(
    files: Files, folder: Path | None = None, chain: str = "", key: str = ""
) -> ssl.SSLContext:
    """Trust the server, and show a certificate, if one is given."""
    context = ssl.create_default_context(cafile=files.ca_cert)
    if folder is not None:
        (folder / "own.pem").write_text(chain)
        (folder / "own.key").write_text(key)
        context.load_cert_chain(folder / "own.pem", folder / "own.key")
    return context


async def facts(world: World, place: Place) -> list[CertificateFact]:
    history = await world.log.load(f"certificate-{place.serial}")
    return [it.event for it in history]  # type: ignore[misc]  # the stream holds no others


async def signed_by_hand(world: World, place: Place, csr: str) -> Answer:
    return await asked(
        world,
        IssueChargerCertificate(
            command_id=new_id(),
            installation_id=place.installation_id,
            serial=place.serial,
            csr=csr,
        ),
    )


async def revoked(world: World, place: Place, number: str) -> Answer:
    return await asked(
        world,
        RevokeChargerCertificate(
            command_id=new_id(),
            installation_id=place.installation_id,
            serial=place.serial,
            number=number,
            reason="the charger was stolen",
        ),
    )


async def turned(gateway: str, serial: str, status: int, tls: ssl.SSLContext) -> str:
    with pytest.raises(InvalidStatus) as refusal:
        async with plugged_in(gateway, serial, tls=tls):
            pytest.fail("it was let in")
    assert refusal.value.response.status_code == status
    return (refusal.value.response.body or b"").decode()


async def test_a_password_is_shown_by_tls(world: World, files: Files) -> None:
    place = await world.assigned()
    password = await password_of(world, place)
    async with encrypted(world, files) as gateway:
        assert "no password" in await turned(gateway, place.serial, 401, trusting(files))
        async with living(gateway, place.serial, password=password, trusted=files.ca_cert):
            await world.event(place, ChargerConnected)


async def test_a_charger_gets_a_certificate_over_its_connection_and_comes_with_it(
    world: World, files: Files
) -> None:
    place = await world.assigned()
    password = await password_of(world, place)
    about = {"installation_id": place.installation_id, "serial": place.serial}
    async with (
        encrypted(world, files, **signing(files)) as gateway,
        living(gateway, place.serial, password=password, trusted=files.ca_cert) as charger,
    ):
        await world.event(place, ChargerConnected)

        answer = await asked(world, RequestChargerCertificate(command_id=new_id(), **about))

        assert answer.accepted, answer

        async def taken() -> bool:
            return charger.security.certificate is not None

        await world.until(taken)
        (issued,) = await facts(world, place)
        assert isinstance(issued, ChargerCertificateIssued)
        assert issued.certificate == charger.security.certificate
        charger.configuration.authorization_key = None
        assert (await withdrawn(world, place)).accepted  # it is sent home, and comes again

        await world.event(place, ChargerConnected, times=2)

        assert (await revoked(world, place, issued.number)).accepted

        async def outside() -> bool:
            return charger.registration.refused

        await world.until(outside)
    reasons = [it.reason for it in await world.knocks(place)]
    assert any("was revoked" in it for it in reasons)


async def test_a_certificate_is_renewed_before_it_ends(world: World, files: Files) -> None:
    place = await world.assigned()
    password = await password_of(world, place)
    brief = {**signing(files), "TELEMETRY_CERTIFICATE_DAYS": 5, "TELEMETRY_RENEW_DAYS": 30}
    async with (
        encrypted(world, files, **brief) as gateway,
        living(gateway, place.serial, password=password, trusted=files.ca_cert) as charger,
    ):
        await world.event(place, ChargerConnected)
        charger.ask_for_certificate()

        async def certified(times: int) -> bool:
            return len(await facts(world, place)) >= times and charger.connected

        await world.until(lambda: certified(1))
        charger.power_off()
        charger.power_on(utc_now().timestamp())
        await world.until(lambda: certified(2))


async def test_a_certificate_opens_no_other_charger_s_door_and_none_after_its_end(
    world: World, files: Files, tmp_path: Path
) -> None:
    mine, other, key = await world.assigned(), await world.assigned(), new_key()
    async with encrypted(world, files, **signing(files)) as gateway:
        assert (await signed_by_hand(world, mine, csr_of(mine.serial, key))).accepted
        (issued,) = await facts(world, mine)
        assert isinstance(issued, ChargerCertificateIssued)
        own = trusting(files, tmp_path, issued.certificate, key_pem(key))
        async with plugged_in(gateway, mine.serial, tls=own) as charger:
            await charger.boot_until_accepted()

        assert mine.serial in await turned(gateway, other.serial, 403, own)
        assert "no certificate" in await turned(gateway, mine.serial, 401, trusting(files))

        checked = files.authority.checked(csr_of(mine.serial, key), _assigned(mine))
        long_ago = utc_now() - timedelta(days=400)
        old = files.authority.signed(checked, mine.serial, 7, long_ago)
        over = trusting(files, tmp_path, pem_of(old), key_pem(key))
        assert "ended on" in await turned(gateway, mine.serial, 403, over)

        number = int(issued.number, 16)
        forged = files.authority.signed(checked, mine.serial, number, utc_now() - AN_HOUR)
        unknown = trusting(files, tmp_path, pem_of(forged), key_pem(key))
        assert "was revoked, or" in await turned(gateway, mine.serial, 403, unknown)


async def test_a_certificate_of_an_authority_nobody_trusts_is_not_listened_to(
    world: World, files: Files, tmp_path: Path
) -> None:
    place, key, strangers = await world.assigned(), new_key(), new_authority()
    checked = strangers.checked(csr_of(place.serial, key), _assigned(place))
    strange = strangers.signed(checked, place.serial, 9, utc_now())
    async with encrypted(world, files, **signing(files)) as gateway:
        own = trusting(files, tmp_path, pem_of(strange), key_pem(key))
        with pytest.raises((ssl.SSLError, ConnectionError, InvalidMessage)):
            async with plugged_in(gateway, place.serial, tls=own):
                pytest.fail("it was let in")


async def test_certificates_of_another_authority_are_good_until_they_are_revoked(
    world: World, files: Files, tmp_path: Path
) -> None:
    place, key, theirs = await world.assigned(), new_key(), new_authority()
    trusted = tmp_path / "theirs.pem"
    trusted.write_text(pem_of(theirs.certificate))
    checked = theirs.checked(csr_of(place.serial, key), _assigned(place))
    certificate = theirs.signed(checked, place.serial, 10, utc_now())
    async with encrypted(world, files, TELEMETRY_CLIENT_CA=trusted) as gateway:
        own = trusting(files, tmp_path, pem_of(certificate), key_pem(key))
        async with plugged_in(gateway, place.serial, tls=own) as charger:
            await charger.boot_until_accepted()

            assert (await revoked(world, place, number_of(certificate))).accepted

            await charger.closed()
        assert "was revoked" in await turned(gateway, place.serial, 403, own)


async def test_whoever_has_shown_nothing_gets_no_certificate(
    world: World, files: Files
) -> None:
    place = await world.assigned()
    async with (
        encrypted(world, files, **signing(files)) as gateway,
        plugged_in(gateway, place.serial, tls=trusting(files)) as charger,
    ):
        await charger.boot_until_accepted()
        csr = csr_of(place.serial, new_key())

        assert await charger.call("SignCertificate", {"csr": csr}) == {"status": "Rejected"}
    assert await facts(world, place) == []


async def test_a_certificate_that_the_charger_does_not_take_is_revoked(
    world: World, files: Files
) -> None:
    place = await world.assigned()
    headers = shows(place.serial, await password_of(world, place))
    answers = {"CertificateSigned": {"status": "Rejected"}}
    async with (
        encrypted(world, files, **signing(files)) as gateway,
        plugged_in(
            gateway, place.serial, answers, headers=headers, tls=trusting(files)
        ) as charger,
    ):
        await charger.boot_until_accepted()
        csr = csr_of(place.serial, new_key())

        assert await charger.call("SignCertificate", {"csr": csr}) == {"status": "Accepted"}

        async def both() -> bool:
            return len(await facts(world, place)) == 2

        await world.until(both)
        another = csr_of("ZAP999999", new_key())
        assert await charger.call("SignCertificate", {"csr": another}) == {"status": "Rejected"}
    issued, gone = await facts(world, place)
    assert isinstance(gone, ChargerCertificateRevoked)
    assert (gone.number, gone.reason) == (
        issued.number,
        "the charger did not take it: Rejected",
    )


def _assigned(place: Place) -> AssignedCharger:
    return ASSIGNED.model_copy(update={"serial": place.serial})
