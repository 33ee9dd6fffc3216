"""Support on a real stack: what the logs tell, what a locked serial takes to get free, who has tampered."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio

from cli.garages import INSTALLATION_ID
from cli.services import INSTALLATION, PORTAL, TELEMETRY
from shared import subjects
from shared.clock import utc_now
from shared.messages.installation_commands import AssignChargers, DeactivateCircuit, NewCharger
from shared.messages.telemetry import MeterReading
from shared.messaging import connect
from shared.subjects import PARTITIONS
from tests.support.otlp import Collector, Seen, collecting
from tests.support.servers import scratch_folder
from tests.support.small_garage import SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.integration

AMPLEDGER = Path(sys.executable).with_name("ampledger")
WITHIN_S = 60.0
LOCKED = "AMP000004"
"""A charger on level 2, which was deactivated with its serials locked."""
IN_USE = "AMP000001"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and what it exited with."""

    code: int
    text: str
    errors: str

    @property
    def json(self) -> Any:
        assert self.text, self.errors
        return orjson.loads(self.text)


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody of the support staff in front of a terminal."""

    garage: SmallGarage
    collector: Collector | None = None
    """Is handed what the services have traced."""

    async def ask(self, *arguments: str) -> Said:
        process = await asyncio.create_subprocess_exec(
            *(str(AMPLEDGER), *arguments, "--data-folder", str(self.garage.data)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"COLUMNS": "2000", "USER": "kim", "PATH": "/usr/bin:/bin"},
        )
        out, errors = await process.communicate()
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), errors.decode())

    async def database(self, owner: str) -> Any:
        return await asyncpg.connect(self.garage.database_url(owner))


ON_THE_WAY = ("telemetry", "telemetry", "telemetry", "balancer", "balancer", "telemetry")
"""In which service each part of a trace is, from the charger's answer back to its frame."""
PARTS = {
    ("ampledger-telemetry", "frame MeterValues"),
    ("ampledger-balancer", "decide"),
    ("ampledger-balancer", "append"),
    ("ampledger-balancer", "send limit"),
    ("ampledger-telemetry", "command SetCurrentLimit"),
    ("ampledger-telemetry", "charger SetChargingProfile"),
    ("ampledger-portal", "take CurrentLimitAllocated"),
}


def whole_trace(collector: Collector) -> list[Seen]:
    """Find a trace from a frame to a limit that its charger has taken; nothing while there is none."""
    for spans in collector.traces().values():
        if {(it.service, it.name) for it in spans} >= PARTS:
            return spans
    return []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk() -> AsyncIterator[Desk]:
    """A garage that has charged cars; then level 2 went down with its chargers."""
    with (
        scratch_folder() as folder,
        collecting() as collector,
        pytest.MonkeyPatch.context() as told,
    ):
        told.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        told.setenv("OTEL_BSP_SCHEDULE_DELAY", "500")
        garage = SmallGarage(folder)
        async with garage.running():
            for command in garage.set_up():
                await garage.command(command, WITHIN_S)
            async with garage.cars():
                await garage.limits_flow(WITHIN_S)

                async def traced() -> list[Seen]:
                    return whole_trace(collector)

                await until(traced, bool, WITHIN_S)
            down = DeactivateCircuit(
                command_id="down",
                installation_id=INSTALLATION_ID,
                circuit_id="level-2",
                lock_serials=True,
                reason="water in the garage",
            )
            await garage.command(down, WITHIN_S)
            await garage.all_announced(WITHIN_S)
            yield Desk(garage, collector)


# --- The story ---


async def test_a_lock_is_told_with_who_when_why_and_what_it_changed(desk: Desk) -> None:
    said = await desk.ask("history", LOCKED, "--json")

    acts = [it for it in said.json if "events" in it]
    down = next(it for it in acts if it["command_id"] == "down")
    types = [it["type"] for it in down["events"]]
    assert said.code == 0
    assert down["reason"] == "water in the garage"
    assert {"SerialLocked", "CircuitDeactivated"} <= set(types)
    assert any(it["service"] == "telemetry" for it in acts)
    assert any("routine" in it for it in said.json)


async def test_an_installation_is_told_in_sentences(desk: Desk) -> None:
    said = await desk.ask("history", INSTALLATION_ID)

    assert said.code == 0
    assert "Circuit Level 2 was deactivated: water in the garage" in said.text
    assert "circuit Level 2: in use yes → no" in said.text
    assert "limits allotted" in said.text or "limit allotted" in said.text


async def test_everything_that_somebody_did_is_told(desk: Desk) -> None:
    said = await desk.ask("history", "test", "--as", "user")

    assert "Circuit Level 2 was deactivated" in said.text
    assert "charger/" not in said.text


async def test_the_state_at_a_version_is_what_it_was_then(desk: Desk) -> None:
    before, after = [
        (await desk.ask("history", INSTALLATION_ID, "--at", it, "--json")).json["state"]
        for it in ("version:2", "0s")
    ]

    assert len(before["circuits"]) == 1
    assert before["chargers"] == {}
    assert after["circuits"]["level-2"]["in_use"] is False
    assert sum(it["locked"] is not None for it in after["chargers"].values()) > 0


async def test_the_difference_between_two_moments_is_told(desk: Desk) -> None:
    said = await desk.ask("diff", INSTALLATION_ID, "version:5", "0s")

    assert said.code == 0
    assert "circuit Level 2: in use yes → no" in said.text


async def test_a_replay_shows_what_each_event_changed(desk: Desk) -> None:
    said = await desk.ask("replay", LOCKED, "--dry-run", "--json")

    locking = next(it for it in said.json if it["type"] == "SerialLocked")
    [charger_id] = [
        k for k, it in locking["after"]["chargers"].items() if it["serial"] == LOCKED
    ]
    assert locking["before"]["chargers"][charger_id]["locked"] is None
    assert locking["after"]["chargers"][charger_id]["locked"] == {"circuit_id": "level-2"}


async def test_a_name_that_means_nothing_is_said_so(desk: Desk) -> None:
    said = await desk.ask("history", "atlantis")

    assert said.code == 2
    assert "the logs know no installation, serial, charger or person" in said.errors


# --- Why a charger gets what it gets ---


async def test_a_limit_is_explained_for_the_moment_at_which_it_was_confirmed(
    desk: Desk,
) -> None:
    database = await desk.database(TELEMETRY)
    rows = await database.fetch(
        "select position, recorded_at, data from event_log where type = 'CurrentLimitApplied'"
    )
    await database.close()
    given = [(it, orjson.loads(it["data"])) for it in rows]
    confirmed, event = next(it for it in given if it[1]["limit_a"] >= 6)
    moment, charger = confirmed["recorded_at"].isoformat(), event["charger_id"]

    at = await desk.ask("explain", charger, "--at", moment, "--json")
    there = await desk.ask("explain", charger, "--at", f"telemetry:{confirmed['position']}")

    assert (at.code, at.json["holds"], at.json["limit_a"]) == (0, "limit", event["limit_a"])
    assert at.json["decided"]["limited_by"]["runner_up"] is not None
    assert f"may draw {event['limit_a']:.1f} A on" in there.text
    assert "The charger has confirmed it until" in there.text


async def test_what_the_car_draws_is_told_from_the_latest_reading(desk: Desk) -> None:
    charger_id = (await desk.ask("explain", IN_USE, "--json")).json["charger_id"]
    now = utc_now()
    readings = [
        MeterReading(
            installation_id=INSTALLATION_ID,
            charger_id=charger_id,
            measured_at=now,
            received_at=now + timedelta(seconds=seconds),
            current_a=current_a,
        )
        for seconds, current_a in ((-2, (7.0, 7.0, 7.0)), (-1, (9.0, 0, 0)), (900, (1.0, 0, 0)))
    ]
    client = await connect(desk.garage.stack.urls["nats"], "test-readings")
    for reading in readings:
        subject = subjects.telemetry(MeterReading, INSTALLATION_ID, charger_id)
        await client.jetstream().publish(subject, reading.model_dump_json().encode())
    await client.close()

    said = await desk.ask("explain", IN_USE, "--json")

    assert said.json["reading"]["current_a"] == [9.0, 0.0, 0.0]
    assert said.json["without_readings"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([LOCKED], 0, "It is locked, because circuit Level 2 was deactivated."),
        ([IN_USE.lower()], 0, f"({IN_USE})"),
        (["NOBODY99"], 2, "the logs know no charger by the name 'NOBODY99'"),
        ([IN_USE, "--installation", "pier"], 2, "in installation 'pier'"),
        ([IN_USE, "--at", "position:1"], 2, "stood anywhere at that moment"),
        ([IN_USE, "--at", "2024-01-01"], 2, "stood anywhere at that moment"),
        ([IN_USE, "--at", "2099-01-01"], 2, "is in the future"),
        ([IN_USE, "--at", "balancer:99999999"], 2, "there is no position"),
        ([IN_USE, "--at", "yesterday"], 2, "is no moment"),
    ],
)
async def test_what_cannot_be_explained_is_said(
    desk: Desk, arguments: list[str], code: int, says: str
) -> None:
    said = await desk.ask("explain", *arguments)

    assert said.code == code, said
    assert says in said.text + said.errors


# --- A serial ---


@pytest.mark.parametrize(
    ("serial", "code", "says"),
    [
        (IN_USE, 0, f"{IN_USE} is in use in Harbour garage (harbour-garage), circuit Level 1"),
        (LOCKED, 0, f"{LOCKED} is locked in Harbour garage (harbour-garage), circuit Level 2"),
        ("NOBODY99", 1, "NOBODY99 was never seen"),
        ("?", 2, "is not a serial number"),
    ],
)
async def test_where_a_serial_is_has_one_direct_answer(
    desk: Desk, serial: str, code: int, says: str
) -> None:
    said = await desk.ask("serial", "where", serial)

    assert said.code == code
    assert says in said.text + said.errors


async def test_why_a_serial_is_locked_comes_with_the_ways_on(desk: Desk) -> None:
    said = await desk.ask("serial", "why-locked", LOCKED)
    free = await desk.ask("serial", "why-locked", IN_USE)

    assert said.code == 0
    assert (
        "circuit Level 2 of Harbour garage (harbour-garage) was deactivated by test"
        in said.text
    )
    assert "The reason given: water in the garage" in said.text
    assert "ampledger circuit reactivate harbour-garage level-2" in said.text
    assert f"ampledger serial unlock {LOCKED}" in said.text
    assert free.code == 1


async def test_unlocking_is_tried_dry_then_done_then_the_serial_is_free(desk: Desk) -> None:
    unlock = ("serial", "unlock", LOCKED, "--reason", "sold to the neighbours")
    heads = [await desk.ask("log", "head", INSTALLATION)]

    dry = await desk.ask(*unlock, "--dry-run", "--json")
    heads.append(await desk.ask("log", "head", INSTALLATION))
    done = await desk.ask(*unlock, "--ticket", "SUP-7", "--json")
    where = await desk.ask("serial", "where", LOCKED)
    told = await desk.ask("history", "kim", "--json")
    again = await desk.ask(*unlock)

    assert [it["type"] for it in dry.json["events"]][:2] == ["SerialUnlocked", "ChargerRemoved"]
    assert heads[0].text == heads[1].text, "a dry run has appended something"
    assert done.json["position"] > 0
    assert where.code == 1
    assert (
        "when kim unlocked and removed it (sold to the neighbours, ticket SUP-7)" in where.text
    )
    [act] = told.json
    appended = [it["type"] for it in act["events"]]
    assert appended == [it["type"] for it in dry.json["events"]]
    assert (act["actor"], act["ticket"]) == ("kim", "SUP-7")
    assert again.code == 1

    elsewhere = AssignChargers(
        command_id="again",
        installation_id=INSTALLATION_ID,
        circuit_id="level-1",
        chargers=(NewCharger(charger_id="bay-again", serial=LOCKED, name="Bay again"),),
    )
    assert (await desk.garage.command(elsewhere, WITHIN_S)).accepted


# --- The logs ---


async def test_untouched_logs_are_good_and_their_heads_prove_it(desk: Desk) -> None:
    head = (await desk.ask("log", "head", INSTALLATION)).text.strip()
    said = await desk.ask("log", "verify", "--json")
    anchored = await desk.ask("log", "verify", INSTALLATION, "--head", head)
    other = f"{'00' * 32}@{head.partition('@')[2]}"
    false = await desk.ask("log", "verify", INSTALLATION, "--head", other)

    assert said.code == 0, said.text
    checked = {it["name"] for it in said.json[0]["checks"]}
    assert checked >= {
        "hash chain",
        "order",
        "head",
        "versions",
        "jetstream",
        "cursors",
        "one place",
        "reservations",
        "commands",
    }
    assert said.json[0]["events"] > 5
    assert anchored.code == 0, anchored.text
    assert false.code == 1


async def test_an_export_can_be_verified_far_away(desk: Desk) -> None:
    file = desk.garage.files / "telemetry.ndjson"
    written = await desk.ask("log", "export", "telemetry", "--out", str(file))
    good = await desk.ask("log", "verify", "--file", str(file))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(
        b"".join([lines[0].replace(b"installation_id", b"installation_ID"), *lines[1:]])
    )
    bad = await desk.ask("log", "verify", "--file", str(file))

    assert (written.code, good.code, bad.code) == (0, 0, 1)
    assert f"{len(lines)} events" in written.text
    assert "position 1 (" in bad.text


# --- The read models ---


async def test_the_whole_past_holds(desk: Desk) -> None:
    heard = desk.garage.files / "acknowledged.ndjson"
    lines = [
        {"service": INSTALLATION, "command_id": it.command_id} for it in desk.garage.set_up()
    ]
    heard.write_bytes(b"".join(orjson.dumps(it) + b"\n" for it in lines))
    good = await desk.ask("check", "--history", "--acknowledged", str(heard))
    heard.write_bytes(heard.read_bytes() + b'{"service":"installation","command_id":"lost"}\n')
    bad = await desk.ask("check", "--history", "--acknowledged", str(heard), "--json")

    assert good.code == 0, good.text
    assert f"{len(lines)} acknowledged, each is there once" in good.text
    assert bad.code == 1
    assert [it["name"] for it in bad.json if not it["good"]] == ["acknowledged commands"]


async def test_every_read_model_in_use_is_known_by_name(desk: Desk) -> None:
    listed = (await desk.ask("projections", "list", "--json")).json
    known = {(it["service"], it["name"]) for it in listed}

    for owner in (INSTALLATION, "telemetry", "balancer", PORTAL):
        database = await desk.database(owner)
        rows = await database.fetch("select consumer, service from cursor")
        await database.close()
        assert {(it["consumer"], it["service"]) for it in rows} <= known


async def spoil(desk: Desk) -> None:
    """Make the portal's layouts lie, and let the portal read them."""
    database = await desk.database(PORTAL)
    async with database.transaction():
        await database.execute(
            "update document set body = jsonb_set(body, '{name}', '\"Spoilt\"')"
            " where kind = 'layout'"
        )
        await database.execute(
            "update cursor set event_id = null where service = 'installation'"
        )
    await database.close()


async def shown_name(desk: Desk) -> str:
    shown = await desk.garage.shown()
    return str(shown["head"]["name"]) if shown else ""


async def test_a_spoilt_read_model_is_found_and_rebuilt_while_the_portal_runs(
    desk: Desk,
) -> None:
    await spoil(desk)
    await until(lambda: shown_name(desk), lambda it: it == "Spoilt", WITHIN_S)

    found = await desk.ask("check", "--history", "--json")
    dry = await desk.ask("projections", "rebuild", PORTAL, INSTALLATION, "--dry-run", "--json")
    assert await shown_name(desk) == "Spoilt"
    done = await desk.ask("projections", "rebuild", PORTAL, INSTALLATION, "--json")

    bad = [it for it in found.json if not it["good"]]
    assert [it["name"] for it in bad] == ["portal/installation: read model"]
    assert bad[0]["faults"] == [f"layout {INSTALLATION_ID} is not what the log says"]
    assert (dry.code, dry.json["swapped"]) == (1, False)
    assert dry.json["differing"] == [f"layout/{INSTALLATION_ID}"]
    assert (done.code, done.json["swapped"]) == (0, True)
    await until(lambda: shown_name(desk), lambda it: it == "Harbour garage", WITHIN_S)
    database = await desk.database(PORTAL)
    before = await database.fetchval("select body->>'name' from document_before")
    await database.close()
    assert before == "Spoilt"
    assert (await desk.ask("check", "--history")).code == 0


async def test_what_the_balancer_knows_of_its_own_log_is_rebuilt_while_it_runs(
    desk: Desk,
) -> None:
    database = await desk.database("balancer")
    spoil = (
        "update document set body = jsonb_set(body, '{leases}', '[]') where kind = 'announced'"
    )
    await database.execute(spoil)
    await database.close()

    done = await desk.ask("projections", "rebuild", "balancer", "balancer", "--json")
    again = await desk.ask("projections", "rebuild", "balancer", "balancer", "--dry-run")

    assert (done.code, done.json["swapped"], done.json["equal"]) == (0, True, False)
    assert again.code == 0, again.text
    assert (await desk.ask("check", "--history")).code == 0


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("telemetry", "installation"),
        ("balancer", "installation"),
        ("balancer", "telemetry"),
        ("balancer", "balancer"),
        ("portal", "telemetry"),
        ("portal", "balancer"),
    ],
)
async def test_every_read_model_folds_to_what_is_there(
    desk: Desk, service: str, name: str
) -> None:
    said = await desk.ask("projections", "rebuild", service, name, "--dry-run", "--json")

    assert said.code == 0, said.text
    assert said.json["equal"]


async def test_rows_of_a_table_are_rebuilt_as_documents_are(desk: Desk) -> None:
    listed = await desk.ask("projections", "list", "--json")
    done = await desk.ask("projections", "rebuild", PORTAL, "telemetry", "--json")
    dry = await desk.ask("projections", "rebuild", PORTAL, "telemetry", "--dry-run", "--json")

    (row,) = [it for it in listed.json if (it["service"], it["name"]) == (PORTAL, "telemetry")]
    assert row["documents"]["charging_session"] > 0
    assert (done.code, done.json["swapped"]) == (0, True), done.text
    assert (dry.code, dry.json["equal"]) == (0, True)


# --- Tampering: last, because it cannot be undone by anything but itself ---


async def test_a_changed_byte_is_named_though_the_database_was_told_to_allow_it(
    desk: Desk,
) -> None:
    database = await desk.database(INSTALLATION)
    part = await database.fetchval("select tableoid::regclass::text from event_log limit 1")
    data = await database.fetchval("select data from event_log where position = 3")

    async def write(content: bytes) -> None:
        await database.execute(f"alter table {part} disable trigger is_append_only")
        change = f"update {part} set data = $1 where position = 3"  # noqa: S608
        await database.execute(change, content)
        await database.execute(f"alter table {part} enable trigger is_append_only")

    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await database.execute("update event_log set data = $1 where position = 3", data)
    await write(data.replace(b"Level", b"Pevel"))
    bad = await desk.ask("log", "verify", INSTALLATION, "--json")
    whole = await desk.ask("check", "--history", "--json")
    await write(data)
    good = await desk.ask("log", "verify", INSTALLATION)
    await database.close()

    assert bad.code == 1
    [report] = bad.json
    assert report["first_bad"]["position"] == 3
    assert report["first_bad"]["type"] == "CircuitAdded"
    assert "content was changed" in report["first_bad"]["what"]
    assert whole.code == 1
    assert good.code == 0


# --- What runs at this moment ---


async def test_one_trace_reaches_from_a_frame_over_the_balancer_to_the_limit_at_the_charger(
    desk: Desk,
) -> None:
    """Two processes are on the way, and one of them twice."""
    assert desk.collector is not None
    spans = whole_trace(desk.collector)
    by_id = {it.span_id: it for it in spans}
    way = [next(it for it in spans if it.name == "charger SetChargingProfile")]
    while way[-1].parent_id:
        way.append(by_id[way[-1].parent_id])
    assert [it.name for it in reversed(way)] == [
        "frame MeterValues",
        "decide",
        "send limit",
        "command SetCurrentLimit",
        "limit",
        "charger SetChargingProfile",
    ]
    assert [it.service for it in way] == [f"ampledger-{it}" for it in ON_THE_WAY]


async def test_an_event_and_its_log_line_say_in_which_trace_it_happened(desk: Desk) -> None:
    connection = await desk.database("balancer")
    try:
        traced = await connection.fetch(
            "select convert_from(meta, 'utf8')::json ->> 'traceparent' as at from event_log"
            " where type = 'CurrentLimitAllocated'"
        )
    finally:
        await connection.close()
    traces = {it["at"].split("-")[1] for it in traced if it["at"]}
    assert desk.collector is not None
    assert traces & set(desk.collector.traces())


CORRELATED = (
    "select convert_from(data, 'utf8')::json ->> 'charger_id' as charger_id,"
    " (convert_from(data, 'utf8')::json ->> 'sequence')::int as sequence,"
    " convert_from(meta, 'utf8')::json ->> 'correlation_id' as correlation_id"
    " from event_log where type = $1"
)


async def correlated(desk: Desk, owner: str, type_: str) -> dict[tuple[str, int | None], str]:
    """Read the correlation of every event of a type, by its charger, and its number if it has one."""
    connection = await desk.database(owner)
    try:
        rows = await connection.fetch(CORRELATED, type_)
    finally:
        await connection.close()
    return {(it["charger_id"], it["sequence"]): it["correlation_id"] for it in rows}


async def test_what_a_charger_says_to_a_limit_has_the_correlation_of_the_decision(
    desk: Desk,
) -> None:
    decided = await correlated(desk, "balancer", "CurrentLimitAllocated")
    applied = await correlated(desk, "telemetry", "CurrentLimitApplied")

    both = decided.keys() & applied.keys()
    assert both
    assert {it: decided[it] for it in both} == {it: applied[it] for it in both}


async def test_a_line_of_a_process_has_the_correlation_of_the_event_that_it_is_about(
    desk: Desk,
) -> None:
    connected = await correlated(desk, "telemetry", "ChargerConnected")
    lines = desk.garage.stack.log_of("telemetry").read_bytes().splitlines()
    said = [orjson.loads(it) for it in lines if it.startswith(b"{")]

    accepted = {
        it["charger_id"]: it["correlation_id"]
        for it in said
        if it["event"] == "charger accepted"
    }
    assert accepted
    assert accepted == {charger_id: connected[charger_id, None] for charger_id in accepted}


async def test_top_tells_what_every_process_does_and_which_breakers_are_full(
    desk: Desk,
) -> None:
    said = await desk.ask("top", "--json", "--every-s", "2")

    assert said.code == 0, said.errors
    processes = {it["name"]: it for it in said.json["processes"]}
    assert {"telemetry", "balancer", "portal"} <= set(processes)
    assert all(it["ready"] and it["memory_bytes"] > 2**20 for it in processes.values())
    assert said.json["partitions"] == PARTITIONS
    assert said.json["breakers_above_limit"] == 0
    assert "level-1" in {it["circuit_id"] for it in said.json["breakers_nearest"]}

    shown = await desk.ask("top", "--once", "--every-s", "0.5")
    assert "breakers nearest to their limit" in shown.text
