"""OCPP 2.0.1 and 2.1 on the wire: all that is sent fits the schemas, and all that comes is answered."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from services.telemetry.calls import AnsweredError
from services.telemetry.charger import Charger, Session
from services.telemetry.dialect import Dialect, Rhythm
from services.telemetry.frames import Code, Payload, Sent, Unreadable, parse
from services.telemetry.lists import Update
from services.telemetry.ocpp2 import OCPP_21, OCPP_201
from services.telemetry.ocpp2.answers import ANSWERED_ALWAYS
from services.telemetry.ocpp2.device_model import Variable
from services.telemetry.ocpp2.dialect import Ocpp2
from services.telemetry.ocpp2.telling import Tongue2
from services.telemetry.said import (
    Begun,
    Booted,
    CertificateAsked,
    FirmwareSaid,
    Handled,
    Standing,
    StatusSaid,
    Time,
    Welcomed,
)
from services.telemetry.upkeep import DataAnswer, Setting, SignedFirmware, Upload
from services.telemetry.ways import Limit, Span, Way, Wording, ways
from shared.messages.holding import Scope, Unit
from shared.messages.telemetry import NOT_TELLABLE
from shared.messages.upkeep import CertificateUse, LogKind, Trigger
from tests.unit.telemetry.facts import AT, later

BOTH = pytest.mark.parametrize("dialect", [OCPP_201, OCPP_21], ids=lambda it: it.name)
REFUSED = {"status": "Rejected"}


class Charger2:
    """Answers what it is asked; all of it has to fit the schemas."""

    def __init__(self, dialect: Ocpp2, answers: Mapping[str, Any] | None = None) -> None:
        self.dialect = dialect
        self.answers = answers or {}
        self.asked: list[tuple[str, Payload]] = []
        self.variables: dict[str, str] = {}
        self.was_asked = asyncio.Event()

    async def call(self, action: str, payload: Payload) -> Payload:
        assert self.dialect.violation_of_request(action, payload) is None
        self.asked.append((action, payload))
        self.was_asked.set()
        answer = self.answers.get(action, self._answer)
        if isinstance(answer, AnsweredError):
            raise answer
        told: Payload = answer(action, payload) if callable(answer) else answer
        assert self.dialect.violation_of_answer(action, told) is None
        return told

    def _answer(self, action: str, payload: Payload) -> Payload:
        if action == "SetVariables":
            items = payload["setVariableData"]
            return {"setVariableResult": [self._set(it) for it in items]}
        if action == "GetVariables":
            items = payload["getVariableData"]
            return {"getVariableResult": [self._get(it) for it in items]}
        if action == "GetLocalListVersion":
            return {"versionNumber": 3}
        return {"status": "Accepted"}

    def _set(self, item: Payload) -> Payload:
        name = str(Variable.of(item))
        status = "Rejected" if name in self.variables else "Accepted"
        named = {"component": item["component"], "variable": item["variable"]}
        return named | {"attributeStatus": status}

    def _get(self, item: Payload) -> Payload:
        value = self.variables.get(str(Variable.of(item)))
        named = {"component": item["component"], "variable": item["variable"]}
        if value is None:
            return named | {"attributeStatus": "UnknownVariable"}
        return named | {"attributeStatus": "Accepted", "attributeValue": value}

    def of(self, action: str) -> list[Payload]:
        return [payload for name, payload in self.asked if name == action]


def talk(charger: Charger2) -> Tongue2:
    return charger.dialect.tongue(charger.call)


# --- Telling ---


@BOTH
def test_everything_that_is_told_fits_the_schemas(dialect: Ocpp2) -> None:
    charger = Charger2(dialect)
    tongue = talk(charger)
    session = Session("s-1", 41, AT, 1000, transaction="tx-7")

    async def all_of_it() -> None:
        await tongue.configure(Rhythm(300, 10, 10.0))
        await tongue.set_manners(authentication_required=True)
        await tongue.put_fail_safe(6.0)
        await tongue.put_limit(16.0, later(2))
        await tongue.put_limit(16.0, later(2), (1,))
        await tongue.put_limit(16.0, later(2), (3,))
        await tongue.put_in_one(6.0, None)
        await tongue.end_limit()
        await tongue.ask_to_boot()
        await tongue.ask_status()
        await tongue.ask_alive()
        await tongue.begin("APP-0011223344556677")
        await tongue.end(session)
        await tongue.list_version()
        await tongue.send_list(
            Update("Full", 1, ("m",)), {"04A1": Standing("Accepted", later(60), "P")}
        )
        await tongue.send_list(Update("Full", 2, ()), {})
        await tongue.update_firmware("https://example.org/f.bin", AT)
        await tongue.set_password("0123456789abcdef")
        await tongue.ask_for_certificate()
        await tongue.hand_certificate("PEM")

    asyncio.run(all_of_it())
    (stop,) = charger.of("RequestStopTransaction")
    assert stop == {"transactionId": "tx-7"}
    _, empty = charger.of("SendLocalList")
    assert "localAuthorizationList" not in empty


@pytest.mark.parametrize(("chooses", "one"), [(True, [(1, 1), (1, 2)]), (False, [(1, None)])])
def test_a_phase_is_named_where_the_charger_can_choose(
    chooses: bool, one: list[tuple[int, int | None]]
) -> None:
    charger = Charger2(OCPP_201)
    if chooses:
        charger.variables["SmartChargingCtrlr@1.ACPhaseSwitchingSupported"] = "true"
    tongue = talk(charger)

    async def limits() -> list[str]:
        ways = (None, (1, 2, 3), (1,), (2,))
        return [await tongue.put_limit(10.0, later(2), it) for it in ways]

    assert asyncio.run(limits())[-1] == ("Accepted" if chooses else NOT_TELLABLE)

    periods = [
        it["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        for it in charger.of("SetChargingProfile")
    ]
    told = [(it["numberPhases"], it.get("phaseToUse")) for it in periods]
    assert told == [(3, None), (3, None), *one]


def test_limits_lie_above_the_fail_safe_and_cap_all_of_the_charger() -> None:
    charger = Charger2(OCPP_201)
    tongue = talk(charger)
    tongue.word_by(Wording(Way(scope=Scope.CHARGER)))
    asyncio.run(tongue.put_fail_safe(6.0))
    asyncio.run(tongue.put_limit(16.07, later(2)))

    fail_safe, limit = (it["chargingProfile"] for it in charger.of("SetChargingProfile"))
    assert fail_safe["stackLevel"] < limit["stackLevel"]
    assert "validTo" not in fail_safe
    assert limit["validTo"] == "2026-11-22T08:02:00.000Z"
    assert limit["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 16.0
    assert {it["chargingProfilePurpose"] for it in (fail_safe, limit)} == {
        "ChargingStationMaxProfile"
    }


def test_a_charger_that_does_not_know_the_purpose_is_told_by_the_other() -> None:
    charger = Charger2(OCPP_201)
    tongue = talk(charger)
    tongue.word_by(Wording(Way(scope=Scope.SESSIONS)))
    asyncio.run(tongue.put_fail_safe(6.0))

    (told,) = charger.of("SetChargingProfile")
    assert told["chargingProfile"]["chargingProfilePurpose"] == "TxDefaultProfile"


def test_what_a_charger_can_is_asked_by_its_variables() -> None:
    charger = Charger2(OCPP_201)
    charger.variables |= {
        "SmartChargingCtrlr.ProfileStackLevel": "1",
        "SmartChargingCtrlr.PeriodsPerSchedule": "24",
        "SmartChargingCtrlr.RateUnit": "A,W",
    }
    said = asyncio.run(talk(charger).abilities())
    assert (said.profiles, said.level_max, said.periods_max) == (None, 1, 24)
    assert said.units == {Unit.AMPERES, Unit.WATTS}
    assert next(ways(said)).scope is Scope.CHARGER


def test_one_profile_may_hold_the_limit_and_what_comes_after_it() -> None:
    charger = Charger2(OCPP_201)
    asyncio.run(talk(charger).put_in_one(6.0, Limit(16.0, later(2))))

    (told,) = charger.of("SetChargingProfile")
    assert "validTo" not in told["chargingProfile"]
    periods = told["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert [it["limit"] for it in periods] == [16.0, 6.0]
    assert periods[1]["startPeriod"] == int(later(2).timestamp())


@pytest.mark.parametrize(
    ("unit", "spans"), [("A", (Span(0, 16.0), Span(60, 6.0))), ("W", None)]
)
def test_what_a_charger_would_hold_is_read_from_its_schedule(
    unit: str, spans: tuple[Span, ...] | None
) -> None:
    schedule = {
        "evseId": 1,
        "duration": 120,
        "scheduleStart": "2026-11-22T08:00:00Z",
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 16.0},
            {"startPeriod": 60, "limit": 6.0},
        ],
    }
    answers = {"GetCompositeSchedule": {"status": "Accepted", "schedule": schedule}}
    charger = Charger2(OCPP_201, answers)
    assert asyncio.run(talk(charger).schedule(120)) == spans


def test_a_charger_that_takes_no_profile_says_so() -> None:
    charger = Charger2(OCPP_201, {"SetChargingProfile": REFUSED})
    assert asyncio.run(talk(charger).put_fail_safe(6.0)) == "Rejected"


@pytest.mark.parametrize(
    ("dialect", "dynamic"), [(OCPP_21, True), (OCPP_201, False)], ids=["2.1", "2.0.1"]
)
def test_amperes_change_within_a_lease_where_profiles_are_dynamic(
    dialect: Ocpp2, dynamic: bool
) -> None:
    charger = Charger2(dialect)
    charger.variables["SmartChargingCtrlr.SupportsDynamicProfiles"] = "true"
    tongue = talk(charger)

    async def limits() -> None:
        await tongue.configure(Rhythm(300, 10, 10.0))
        await tongue.put_limit(16.0, later(2))
        await tongue.put_limit(10.0, later(2))
        await tongue.put_limit(10.0, later(3))
        await tongue.put_limit(10.0, later(3), (1,))

    asyncio.run(limits())
    updates = charger.of("UpdateDynamicSchedule")
    assert [it["scheduleUpdate"]["limit"] for it in updates] == ([10.0] if dynamic else [])
    assert len(charger.of("SetChargingProfile")) == (3 if dynamic else 4)


def test_a_dynamic_profile_that_is_not_updated_is_told_anew() -> None:
    answers = {"UpdateDynamicSchedule": AnsweredError("NotSupported", "")}
    charger = Charger2(OCPP_21, answers)
    charger.variables["SmartChargingCtrlr.SupportsDynamicProfiles"] = "true"
    tongue = talk(charger)
    asyncio.run(tongue.configure(Rhythm(300, 10, 10.0)))
    asyncio.run(tongue.put_limit(16.0, later(2)))

    assert asyncio.run(tongue.put_limit(10.0, later(2))) == "Accepted"
    assert len(charger.of("SetChargingProfile")) == 2


def test_what_a_charger_does_not_let_be_set_is_read_back() -> None:
    charger = Charger2(OCPP_201)
    charger.variables["TxCtrlr.TxStartPoint"] = "Authorized"
    not_taken = asyncio.run(talk(charger).configure(Rhythm(300, 10, 10.0)))

    assert [(it.key, it.status) for it in not_taken] == [
        ("TxCtrlr.TxStartPoint", "Rejected, it has Authorized")
    ]


def test_messages_hold_as_many_variables_as_the_charger_takes() -> None:
    charger = Charger2(OCPP_201)
    charger.variables["DeviceDataCtrlr.ItemsPerMessage[SetVariables]"] = "4"
    asyncio.run(talk(charger).configure(Rhythm(300, 10, 10.0)))

    sizes = [len(it["setVariableData"]) for it in charger.of("SetVariables")]
    assert sizes == [4, 4, 3]


def test_a_report_is_complete_when_its_last_part_has_come() -> None:
    dialect = OCPP_201.for_one(Charger)
    charger = Charger2(OCPP_201)
    tongue = dialect.tongue(charger.call)
    assert isinstance(tongue, Tongue2)

    def part(seq: int, name: str, tbc: bool) -> Payload:
        item = {
            "component": {"name": "LocalAuthListCtrlr"},
            "variable": {"name": name},
            "variableAttribute": [{"value": "3", "mutability": "ReadOnly"}],
            "variableCharacteristics": {
                "dataType": "integer", "supportsMonitoring": False, "maxLimit": 100
            },
        }  # fmt: skip
        said = {"requestId": 1, "generatedAt": "2026-11-22T08:00:00Z", "seqNo": seq}
        return said | {"tbc": tbc, "reportData": [item]}

    async def reported() -> Any:
        waits = asyncio.create_task(tongue.variables.report())
        await asyncio.wait_for(charger.was_asked.wait(), 1.0)
        assert dialect.hear("NotifyReport", part(0, "Enabled", True)) == ()
        assert not waits.done()
        assert dialect.hear("NotifyReport", part(1, "Entries", False)) == ()
        return await waits

    shown = asyncio.run(reported())
    assert shown[Variable("LocalAuthListCtrlr", "Entries")].most == 100
    assert len(shown) == 2


def test_a_variable_is_spelled_and_read_back() -> None:
    for text in (
        "OCPPCommCtrlr.HeartbeatInterval",
        "DeviceDataCtrlr.ItemsPerMessage[SetVariables]",
        "Connector@1:2.AvailabilityState",
        "Custom[a]@3.X[b]",
    ):
        variable = Variable.spelled(text)
        assert str(variable) == text
        assert Variable.of(variable.payload) == variable
    with pytest.raises(ValueError, match=r"Component\.Variable"):
        Variable.spelled("HeartbeatInterval")


# --- Upkeep ---


@BOTH
def test_everything_that_is_asked_of_the_hardware_fits_the_schemas(dialect: Ocpp2) -> None:
    answers = {
        "DataTransfer": {"status": "Accepted", "data": "pong"},
        "GetInstalledCertificateIds": {
            "status": "Accepted", "certificateHashDataChain": [ROOT],
        },
        "GetLog": {"status": "Accepted", "filename": "log.txt"},
        "UnlockConnector": {"status": "Unlocked"},
    }  # fmt: skip
    charger = Charger2(dialect, answers)
    upkeep = dialect.upkeep(charger.call)

    async def all_of_it() -> None:
        await upkeep.restart(hard=True)
        await upkeep.restart(hard=False)
        await upkeep.unlock()
        await upkeep.change_availability(in_use=False)
        await upkeep.clear_cache()
        for trigger in Trigger:
            await upkeep.trigger(trigger)
        assert await upkeep.send_data("V", "ping", None) == DataAnswer("Accepted", "pong")
        assert await upkeep.reserve(7, "04A1", "PARENT", later(60)) == "Accepted"
        await upkeep.cancel_reservation(7)
        for kind in LogKind:
            upload = await upkeep.send_records(kind, "https://example.org/", 1, AT, None)
            assert upload == Upload("Accepted", "log.txt")
        firmware = SignedFirmware("https://example.org/f", AT, None, "c2ln", "PEM")
        await upkeep.update_signed_firmware(1, firmware)
        for use in CertificateUse:
            await upkeep.install_root(use, "PEM")
        (root,) = await upkeep.roots()
        assert (root.use, root.number) == (CertificateUse.CENTRAL_SYSTEM, "0a")
        await upkeep.delete_root(root)

    asyncio.run(all_of_it())
    resets = [it["type"] for it in charger.of("Reset")]
    assert resets == ["Immediate", "OnIdle"]


ROOT = {
    "certificateType": "CSMSRootCertificate",
    "certificateHashData": {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "aa",
        "issuerKeyHash": "bb",
        "serialNumber": "0a",
    },
}


def test_a_restart_while_a_session_runs_does_not_wait_for_its_end() -> None:
    session = Session("s-1", 41, AT, 1000, transaction="tx-7")
    dialect = OCPP_201.for_one(lambda: Charger(session=session))
    charger = Charger2(OCPP_201)
    asyncio.run(dialect.upkeep(charger.call).restart(hard=False))
    assert charger.of("Reset") == [{"type": "Immediate"}]


def test_settings_are_variables() -> None:
    charger = Charger2(OCPP_201)
    charger.variables["OCPPCommCtrlr.HeartbeatInterval"] = "300"
    upkeep = OCPP_201.upkeep(charger.call)
    keys = ["OCPPCommCtrlr.HeartbeatInterval", "Display.Color", "nonsense"]

    told = asyncio.run(upkeep.settings(keys))
    assert told == [
        Setting("OCPPCommCtrlr.HeartbeatInterval", "300"),
        Setting("Display.Color", known=False),
        Setting("nonsense", known=False),
    ]
    assert asyncio.run(upkeep.set_one("Display.Color", "green")) == "Accepted"
    assert asyncio.run(upkeep.set_one("nonsense", "1")) == "NotSupported"
    assert upkeep.kept("TxCtrlr.TxStopPoint") is not None
    assert upkeep.kept("Display.Color") is None


# --- Hearing, and answering ---


@BOTH
def test_what_is_always_answered_is_answered_as_its_schema_says(dialect: Ocpp2) -> None:
    for action in ANSWERED_ALWAYS:
        if dialect.knows(action):
            assert dialect.violation_of_answer(action, dialect.answer(action, ())) is None


@BOTH
@pytest.mark.parametrize(
    ("action", "reply"),
    [
        ("BootNotification", Welcomed("Pending", 5, AT)),
        ("Heartbeat", Time(AT)),
        ("Authorize", Standing("Blocked")),
        ("TransactionEvent", Begun(Standing("Accepted", AT, "P"), 7)),
        ("TransactionEvent", None),
        ("StatusNotification", None),
        ("MeterValues", None),
        ("SignCertificate", Handled("Accepted")),
        ("DataTransfer", Handled("UnknownVendorId")),
        ("FirmwareStatusNotification", None),
        ("LogStatusNotification", None),
        ("SecurityEventNotification", None),
    ],
)
def test_answers_fit_their_schemas(dialect: Dialect, action: str, reply: Any) -> None:
    assert dialect.violation_of_answer(action, dialect.answer(action, (reply,))) is None


@BOTH
def test_a_boot_is_heard(dialect: Dialect) -> None:
    station = {"vendorName": "V", "model": "M", "firmwareVersion": "1.0"}
    boot = {"chargingStation": station, "reason": "PowerUp"}
    assert dialect.violation_of_request("BootNotification", boot) is None
    assert dialect.hear("BootNotification", boot) == (Booted("V", "M", "1.0"),)


@pytest.mark.parametrize(
    ("event", "status", "error_code"),
    [
        (("Connector", "AvailabilityState", "Occupied"), "Preparing", "NoError"),
        (("Connector", "AvailabilityState", "Faulted"), "Faulted", "OtherError"),
        (("RCD", "Problem", "true"), "Faulted", "GroundFailure"),
    ],
)
def test_events_say_how_a_charger_is(
    event: tuple[str, str, str], status: str, error_code: str
) -> None:
    component, variable, value = event
    said = OCPP_21.hear("NotifyEvent", _event(component, variable, value))
    assert said is not None
    (it,) = said
    assert isinstance(it, StatusSaid)
    assert (it.status, it.error_code) == (status, error_code)


def _event(component: str, variable: str, value: str) -> Payload:
    data = {
        "eventId": 1,
        "timestamp": "2026-11-22T08:00:00Z",
        "trigger": "Delta",
        "actualValue": value,
        "component": {"name": component, "evse": {"id": 1}},
        "eventNotificationType": "HardWiredNotification",
        "variable": {"name": variable},
    }
    return {"generatedAt": "2026-11-22T08:00:00Z", "seqNo": 0, "eventData": [data]}


def test_other_events_say_nothing() -> None:
    said = OCPP_201.hear("NotifyEvent", _event("TokenReader", "Token", "04A1"))
    assert said == ()


def test_certificates_of_cars_are_refused_and_those_of_chargers_are_not() -> None:
    asked = {"csr": "PEM", "certificateType": "V2GCertificate"}
    assert OCPP_201.hear("SignCertificate", asked) == ()
    assert OCPP_201.answer("SignCertificate", ())["status"] == "Rejected"
    said = OCPP_201.hear("SignCertificate", {"csr": "PEM"})
    assert said == (CertificateAsked("PEM"),)


def test_what_nobody_here_knows_is_not_supported() -> None:
    assert OCPP_21.hear("GetCertificateChainStatus", {}) is None
    assert OCPP_201.knows("SetVariables")
    assert not OCPP_201.knows("ChangeConfiguration")


def test_firmware_has_the_same_words() -> None:
    said = OCPP_201.hear("FirmwareStatusNotification", {"status": "Installed", "requestId": 1})
    assert said == (FirmwareSaid("Installed"),)


def test_of_an_id_token_that_was_not_shown_nothing_good_is_answered() -> None:
    dialect = OCPP_201.for_one(Charger)
    info = {"transactionId": "tx-7"}
    event = {
        "eventType": "Ended",
        "timestamp": "2026-11-22T08:00:00Z",
        "triggerReason": "EVDeparted",
        "seqNo": 3,
        "transactionInfo": info,
    }
    dialect.hear("TransactionEvent", event)
    assert dialect.answer("TransactionEvent", (Standing("Accepted"),)) == {}
    assert dialect.answer("TransactionEvent", (Standing("Invalid"),)) != {}


# --- Frames ---


def test_errors_are_spelled_as_each_version_has_them() -> None:
    assert OCPP_201.code(Code.OCCURENCE) == "OccurrenceConstraintViolation"
    assert OCPP_201.code(Code.FORMATION) == "FormatViolation"
    assert OCPP_201.code(Code.SECURITY) == "SecurityError"


def test_a_send_is_read_where_there_are_such_messages() -> None:
    frame = b'[6,"1","NotifyPeriodicEventStream",{}]'
    assert parse(frame, sends=True) == Sent("1", "NotifyPeriodicEventStream", {})
    assert isinstance(parse(frame), Unreadable)
    result_error = parse(b'[5,"1","FormatViolation","",{}]', sends=True)
    assert isinstance(result_error, Unreadable)
    assert result_error.reply_to is None


def test_sends_are_of_2_1_alone() -> None:
    assert (OCPP_201.sends, OCPP_21.sends) == (False, True)
