"""What people ask of a charger's hardware, over a real gateway."""

from datetime import timedelta
from typing import Any

import pytest

from services.telemetry.notices import stream_of
from shared import subjects
from shared.clock import utc_now
from shared.context import Context
from shared.ids import new_id
from shared.messages import Answer, Event
from shared.messages.permissions import Role
from shared.messages.telemetry import (
    ChargerDisconnected,
    ChargerStatusChanged,
    FirmwareStatusReported,
    SessionEnded,
    SessionStarted,
    StartCharging,
)
from shared.messages.upkeep import (
    Asked,
    CancelReservation,
    CertificateUse,
    ChangeAvailability,
    ChangeConfiguration,
    ChargerAsked,
    ChargerReserved,
    ClearCache,
    DataReceived,
    DeleteCertificate,
    DiagnosticsRequested,
    DiagnosticsStatusReported,
    FetchDiagnostics,
    InstallCertificate,
    LogKind,
    RaiseSecurityProfile,
    ReadCertificates,
    ReadConfiguration,
    ReservationEnded,
    ReserveCharger,
    RestartCharger,
    SecurityEventReported,
    SendData,
    Trigger,
    TriggerMessage,
    UnlockConnector,
    UpdateSignedFirmware,
    UpkeepCommand,
    WhyReservationEnded,
)
from shared.messaging import request
from simulator.charger import Charger
from simulator.reservations import Reservation
from tests.integration.telemetry.people import Driver
from tests.integration.telemetry.raw_charger import CallErrorReceived, plugged_in
from tests.integration.telemetry.simulated import living, now_s, plug_a_car
from tests.integration.telemetry.steps import START
from tests.integration.telemetry.test_drivers import guarded, user
from tests.integration.telemetry.test_remote_control import asked as asked_for
from tests.integration.telemetry.test_remote_control import soon_text
from tests.integration.telemetry.world import Place, World
from tests.unit.simulator.test_upkeep import LOCATION, Maker

pytestmark = pytest.mark.integration


async def commanded(
    world: World, kind: type[UpkeepCommand], place: Place, **also: Any
) -> Answer:
    """Ask for something as the operator does."""
    command = kind(**{"command_id": new_id(), **place.ids, **also})
    subject = subjects.command(kind, place.installation_id)
    return await request(world.client, command, subject, Context("operator", new_id()), 10.0)


async def asked(
    world: World, kind: type[UpkeepCommand], place: Place, driver: Driver, **also: Any
) -> Answer:
    """Ask for something as the portal does for a person."""
    command = kind(**{"command_id": new_id(), **place.ids, **also})
    subject = subjects.asked(kind, place.installation_id)
    context = Context(f"person/{driver.person_id}", new_id())
    return await request(world.client, command, subject, context, 10.0)


async def records(world: World, place: Place) -> list[Event]:
    return [it.event for it in await world.log.load(stream_of(place.charger_id))]


async def record(world: World, place: Place, kind: type[Event], times: int = 1) -> Any:
    """Wait until so many records of a kind are there; return the newest."""

    async def found() -> list[Event]:
        of_kind = [it for it in await records(world, place) if isinstance(it, kind)]
        return of_kind if len(of_kind) >= times else []

    return (await world.until(found))[-1]


async def accepted(world: World, charger: Charger) -> None:
    async def booted() -> bool:
        return charger.registration.booted

    await world.until(booted)


# --- What it does ---


async def test_a_restart_asks_first_what_becomes_of_the_session(world: World) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        plug_a_car(charger)
        await world.event(place, SessionStarted)
        refused = await commanded(world, RestartCharger, place)
        stuck = await commanded(world, UnlockConnector, place)
        done = await commanded(world, RestartCharger, place, end_session=True)
        ended = await world.event(place, SessionEnded)

    assert (refused.refusal, stuck.refusal) == ("SessionWouldEnd", "SessionWouldEnd")
    assert "end_session" in (refused.detail or "")
    assert done.accepted
    assert ended.reason == "SoftReset"
    event = await record(world, place, ChargerAsked)
    assert (event.asked, event.status, event.session_id) == (
        Asked.RESTART,
        "Accepted",
        ended.session_id,
    )


async def test_out_of_use_after_the_session_and_in_use_again(world: World) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        plug_a_car(charger)
        await world.event(place, SessionStarted)
        later = await commanded(world, ChangeAvailability, place, in_use=False)
        charger.unplug(now_s())
        await world.event(place, SessionEnded)
        plug_a_car(charger)

        async def unavailable() -> bool:
            return not charger.transactions.operative

        await world.until(unavailable)
        running = charger.transactions.running
        again = await commanded(world, ChangeAvailability, place, in_use=True)
        await world.event(place, SessionStarted, 2)

    assert later.accepted
    assert "when that has ended" in (later.detail or "")
    assert running is None
    assert again.accepted


async def test_a_charger_says_what_it_cannot(world: World) -> None:
    place = await world.assigned()
    answers: dict[str, Any] = {
        "Reset": {"status": "Rejected"},
        "UnlockConnector": {"status": "UnlockFailed"},
        "ClearCache": None,
        "TriggerMessage": {"status": "Accepted"},
    }
    async with plugged_in(world.gateway, place.serial, answers) as charger:
        await charger.boot_until_accepted()
        said = [
            await commanded(world, RestartCharger, place),
            await commanded(world, UnlockConnector, place),
            await commanded(world, ClearCache, place),
        ]
        told = await commanded(world, TriggerMessage, place, trigger=Trigger.READINGS)
        triggered = charger.asked_for("TriggerMessage")[-1]
    await world.event(place, ChargerDisconnected)
    away = await commanded(world, ClearCache, place)

    assert {it.refusal for it in said} == {"RejectedByCharger"}
    assert "by hand" in (said[1].detail or "")
    assert told.accepted
    assert triggered == {"requestedMessage": "MeterValues", "connectorId": 1}
    assert away.refusal == "ChargerNotReached"
    of_kind = [it for it in await records(world, place) if isinstance(it, ChargerAsked)]
    assert [it.asked for it in of_kind] == [
        Asked.RESTART,
        Asked.UNLOCK,
        Asked.CLEAR_CACHE,
        Asked.TRIGGER,
    ]


# --- Its settings ---


async def test_settings_are_read_and_changed_but_for_those_that_promises_rest_on(
    world: World,
) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        await accepted(world, charger)
        read = await commanded(
            world, ReadConfiguration, place, keys=["NumberOfConnectors", "Nonsense"]
        )
        kept = await commanded(
            world, ChangeConfiguration, place, key="AuthorizationKey", value="x" * 20
        )
        unknown = await commanded(
            world, ChangeConfiguration, place, key="LightIntensity", value="1"
        )
        whole = await commanded(world, ReadConfiguration, place)

    assert [(it.name, it.value, it.note) for it in read.told or ()] == [
        ("NumberOfConnectors", "1", "fixed"),
        ("Nonsense", None, "not known to the charger"),
    ]
    assert kept.refusal == "SettingKept"
    assert f"credential rotate {place.serial}" in (kept.detail or "")
    assert unknown.refusal == "RejectedByCharger"
    assert len(whole.told or ()) > 10
    changes = [
        it.about
        for it in await records(world, place)
        if isinstance(it, ChargerAsked) and it.asked is Asked.CHANGE_CONFIGURATION
    ]
    assert changes == ["LightIntensity=1"]


async def test_a_secret_is_in_no_log(world: World) -> None:
    place = await world.assigned()
    answers = {"ChangeConfiguration": {"status": "RebootRequired"}}
    async with plugged_in(world.gateway, place.serial, answers) as charger:
        await charger.boot_until_accepted()
        done = await commanded(
            world, ChangeConfiguration, place, key="WifiPassword", value="geheim"
        )

    assert "restart" in (done.detail or "")
    assert "geheim" not in (await record(world, place, ChargerAsked)).model_dump_json()


async def test_vendors_words_go_both_ways(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.answers["DataTransfer"] = {"status": "Accepted", "data": "pong"}
        sent = await commanded(world, SendData, place, vendor="v", message="m", data="ping")
        charger.answers["DataTransfer"] = {"status": "UnknownVendorId"}
        strange = await commanded(world, SendData, place, vendor="w")
        words = {"vendorId": "v", "messageId": "Uptime", "data": "12345"}
        answers = [await charger.call("DataTransfer", words) for _ in range(2)]

    assert [(it.name, it.value) for it in sent.told or ()] == [("data", "pong")]
    assert strange.refusal == "RejectedByCharger"
    assert answers == [{"status": "UnknownVendorId"}] * 2
    kept = [it for it in await records(world, place) if isinstance(it, DataReceived)]
    assert [(it.message, it.characters) for it in kept] == [("Uptime", 5)]


# --- Reservations ---


def in_an_hour() -> str:
    return (utc_now() + timedelta(hours=1)).isoformat()


async def test_a_driver_keeps_a_charger_and_begins_there_in_the_app(world: World) -> None:
    place = await guarded(world)
    driver, neighbour = await user(world, place), await user(world, place)
    async with living(world.gateway, place.serial) as charger:
        await accepted(world, charger)
        kept = await asked(world, ReserveCharger, place, driver, until=in_an_hour())
        reserved = await world.event(place, ChargerReserved)
        taken = await asked(world, ReserveCharger, place, neighbour, until=in_an_hour())
        theirs = await asked(world, CancelReservation, place, neighbour)

        async def shown() -> bool:
            states = [
                it.status
                for it in await world.events(place)
                if isinstance(it, ChargerStatusChanged)
            ]
            return "Reserved" in states

        await world.until(shown)
        plug_a_car(charger, neighbour.card)

        async def refused() -> bool:
            return charger.transactions.barred

        await world.until(refused)
        others = await asked_for(world, StartCharging, place, neighbour)
        mine = await asked_for(world, StartCharging, place, driver)
        session = await world.event(place, SessionStarted)
        ended = await world.event(place, ReservationEnded)

    assert kept.accepted
    assert reserved.person_id == driver.person_id
    assert (taken.refusal, theirs.refusal) == ("KeptForAnother", "NotYourReservation")
    assert others.refusal == "NotAuthorized"
    assert "kept for somebody else" in (others.detail or "")
    assert mine.accepted
    assert session.person_id == driver.person_id
    assert (ended.why, ended.session_id) == (WhyReservationEnded.USED, session.session_id)


async def test_a_reservation_is_used_with_a_card_of_theirs_and_said_once(world: World) -> None:
    place = await guarded(world)
    driver, neighbour = await user(world, place), await user(world, place)
    answers = {"ReserveNow": {"status": "Accepted"}}
    async with plugged_in(world.gateway, place.serial, answers) as charger:
        await charger.boot_until_accepted()
        await commanded(
            world, ReserveCharger, place, person_id=driver.person_id, until=in_an_hour()
        )
        told = charger.asked_for("ReserveNow")[-1]
        card = await charger.call("Authorize", {"idTag": driver.card})
        strange = await charger.call("Authorize", {"idTag": neighbour.card})
        start = START | {"idTag": told["idTag"], "timestamp": soon_text()}
        start |= {"reservationId": told["reservationId"]}
        first = await charger.call("StartTransaction", start)
        again = await charger.call("StartTransaction", start)

    assert card["idTagInfo"]["parentIdTag"] == told["parentIdTag"]
    assert strange["idTagInfo"]["status"] == "Invalid"
    assert first == again
    assert first["idTagInfo"]["status"] == "Accepted"
    assert (await world.event(place, SessionStarted)).person_id == driver.person_id
    ends = [it for it in await world.events(place) if isinstance(it, ReservationEnded)]
    assert len(ends) == 1


async def test_a_card_is_kept_for_too_and_a_reservation_ends_by_itself(world: World) -> None:
    place = await world.assigned()
    soon = (utc_now() + timedelta(seconds=1)).isoformat()
    async with living(world.gateway, place.serial) as charger:
        await accepted(world, charger)
        nobody = await commanded(world, ReserveCharger, place, until=in_an_hour())
        past = await commanded(
            world, ReserveCharger, place, card="CARD1", until="2026-01-01T00:00:00Z"
        )
        short = await commanded(world, ReserveCharger, place, card="CARD1", until=soon)
        expired = await world.event(place, ReservationEnded)

        async def free() -> bool:
            return charger.transactions.reservation is None

        await world.until(free)
        kept = await commanded(world, ReserveCharger, place, card="CARD1", until=in_an_hour())
        cancelled = await commanded(world, CancelReservation, place)
        ended = await world.event(place, ReservationEnded, 2)
        none = await commanded(world, CancelReservation, place)

    assert (nobody.refusal, past.refusal, none.refusal) == (
        "ForNobody",
        "NotInTime",
        "NotReserved",
    )
    assert all(it.accepted for it in (short, kept, cancelled))
    assert expired.why is WhyReservationEnded.EXPIRED
    assert ended.why is WhyReservationEnded.CANCELLED
    assert "CARD1" not in expired.model_dump_json()


async def test_people_reserve_for_themselves_where_they_may_charge(world: World) -> None:
    place = await guarded(world)
    driver, installer = await user(world, place), await user(world, place, Role.SERVICE)
    async with living(world.gateway, place.serial) as charger:
        await accepted(world, charger)
        charger.transactions.reservation = Reservation(1, "OTHER", now_s() + 60)
        may_not = await asked(world, ReserveCharger, place, installer, until=in_an_hour())
        for_others = await asked(
            world,
            ReserveCharger,
            place,
            driver,
            until=in_an_hour(),
            person_id=installer.person_id,
        )
        by_card = await asked(
            world, ReserveCharger, place, driver, until=in_an_hour(), card="X1"
        )
        occupied = await asked(world, ReserveCharger, place, driver, until=in_an_hour())

    assert {it.refusal for it in (may_not, for_others, by_card)} == {"Forbidden"}
    assert occupied.refusal == "RejectedByCharger"
    assert "in use" in (occupied.detail or "")


# --- Records, certificates, firmware, security ---


async def test_records_are_sent_and_how_far_it_is_is_on_record(world: World) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        await accepted(world, charger)
        to = {"location": "sftp://logs.example/in"}
        sent = await commanded(world, FetchDiagnostics, place, **to)
        last = await record(world, place, DiagnosticsStatusReported, 2)
        security = await commanded(world, FetchDiagnostics, place, log=LogKind.SECURITY, **to)
        await record(world, place, DiagnosticsStatusReported, 4)

    assert sent.detail == f"the charger sends {place.serial}-diagnostics.zip"
    assert last.status == "Uploaded"
    assert security.accepted
    wanted = [it for it in await records(world, place) if isinstance(it, DiagnosticsRequested)]
    assert [it.log for it in wanted] == [LogKind.DIAGNOSTICS, LogKind.SECURITY]


async def test_root_certificates_come_and_go(world: World) -> None:
    place = await world.assigned()
    use = {"use": CertificateUse.MANUFACTURER}
    async with living(world.gateway, place.serial) as charger:
        await accepted(world, charger)
        none = await commanded(world, InstallCertificate, place, certificate="nonsense", **use)
        done = await commanded(
            world, InstallCertificate, place, certificate=Maker().root, **use
        )
        listed = await commanded(world, ReadCertificates, place)
        wrong = await commanded(world, DeleteCertificate, place, number="AB")
        gone = await commanded(world, DeleteCertificate, place, number="1267")
        left = await commanded(world, ReadCertificates, place)

    assert none.refusal == "NotACertificate"
    assert done.accepted
    assert [(it.name, it.value) for it in listed.told or ()] == [("1267", "firmware")]
    assert wrong.refusal == "NoSuchCertificate"
    assert gone.accepted
    assert not left.told


async def test_signed_firmware_is_checked_by_the_charger_and_that_is_shown(
    world: World,
) -> None:
    place, maker = await world.assigned(), Maker()

    def wish(maker: Maker, content: str = LOCATION) -> dict[str, str]:
        made = maker.firmware(content)
        return {
            "location": LOCATION,
            "signature": made["signature"],
            "signing_certificate": made["signingCertificate"],
        }

    async with living(world.gateway, place.serial) as charger:
        await accepted(world, charger)
        await commanded(
            world,
            InstallCertificate,
            place,
            use=CertificateUse.MANUFACTURER,
            certificate=maker.root,
        )
        stranger = await commanded(world, UpdateSignedFirmware, place, **wish(Maker("Other")))
        forged = await commanded(world, UpdateSignedFirmware, place, **wish(maker, "forged"))
        alarm = await record(world, place, SecurityEventReported, 2)
        good = await commanded(world, UpdateSignedFirmware, place, **wish(maker))

        async def installed() -> list[str]:
            said = [
                it.status
                for it in await world.events(place)
                if isinstance(it, FirmwareStatusReported)
            ]
            return said if "Installed" in said else []

        steps = await world.until(installed)

    assert stranger.refusal == "RejectedByCharger"
    assert "root certificate" in (stranger.detail or "")
    assert forged.accepted
    assert good.accepted
    assert "InvalidSignature" in steps
    assert (alarm.kind, alarm.alarming) == ("InvalidFirmwareSignature", True)


async def test_a_charger_is_never_made_less_secure(world: World) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        await accepted(world, charger)
        no_password = await commanded(world, RaiseSecurityProfile, place, profile=1)
        no_tls = await commanded(world, RaiseSecurityProfile, place, profile=2)
        no_certificate = await commanded(world, RaiseSecurityProfile, place, profile=3)
        kept = await commanded(
            world, ChangeConfiguration, place, key="SecurityProfile", value="0"
        )

    assert {it.refusal for it in (no_password, no_tls, no_certificate)} == {"ProfileNotReady"}
    assert "TLS" in (no_tls.detail or "")
    assert "credential rotate" in (no_password.detail or "")
    assert kept.refusal == "SettingKept"


async def test_a_security_event_that_is_said_again_is_on_record_once(world: World) -> None:
    place = await world.assigned()
    event = {"type": "TamperDetectionActivated", "timestamp": "2026-11-22T08:00:00Z"}
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for _ in range(2):
            await charger.call("SecurityEventNotification", event)
        with pytest.raises(CallErrorReceived) as wrong:
            await charger.call("SecurityEventNotification", event | {"timestamp": "soon"})
        with pytest.raises(CallErrorReceived) as ours:
            await charger.call("Reset", {"type": "Soft"})

    said = [it for it in await records(world, place) if isinstance(it, SecurityEventReported)]
    assert [it.alarming for it in said] == [True]
    assert wrong.value.code == "PropertyConstraintViolation"
    assert ours.value.code == "NotSupported"


# --- Who may ---


async def test_each_asks_for_what_their_role_lets_them(world: World) -> None:
    place = await guarded(world)
    people = {
        role: await user(world, place, role) for role in (Role.USER, Role.OWNER, Role.SERVICE)
    }
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.answers |= {
            "ChangeAvailability": {"status": "Accepted"},
            "GetConfiguration": {"configurationKey": []},
        }
        in_use = {
            role: (await asked(world, ChangeAvailability, place, who, in_use=True)).accepted
            for role, who in people.items()
        }
        reads = {
            role: (await asked(world, ReadConfiguration, place, who)).accepted
            for role, who in people.items()
        }

    assert in_use == {Role.USER: False, Role.OWNER: True, Role.SERVICE: True}
    assert reads == {Role.USER: False, Role.OWNER: False, Role.SERVICE: True}
