"""`ampledger person|role|group|card|request`, as typed, against running permissions."""

import json
from pathlib import Path

from shared.ids import new_id
from shared.messages.permissions import ForgetPerson, GrantRole, RequestAccess, Role
from tests.integration.cli.typed import Said, typed
from tests.integration.permissions.desk import Desk


async def says(desk: Desk, *words: str) -> Said:
    environment = {"NATS_URL": desk.servers.nats_url, "DATABASE_URL": None, "COLUMNS": "200"}
    return await typed(words, environment)


async def test_somebody_is_invited_has_roles_and_cards_and_is_forgotten(desk: Desk) -> None:
    address, number = f"{new_id()}@example.com", new_id()[-12:].upper()
    here = await desk.garage()

    tried = await says(desk, "person", "invite", address, "--name", "Ada", "--dry-run")
    nobody = await says(desk, "person", "show", address)
    invited = await says(desk, "person", "invite", address, "--name", "Ada", "--link", "--json")
    linked = await says(desk, "person", "link", address)
    role = await says(desk, "role", "grant", here, address, "owner")
    roles = await says(desk, "role", "list", here)
    card = await says(desk, "card", "register", address, number, "--label", "white fob")
    cards = await says(desk, "card", "list", address, "--json")
    renamed = await says(desk, "person", "rename", address, "Ada Berg")
    listed = await says(desk, "person", "list")
    would_end = await says(desk, "person", "forget", address, "--dry-run")
    forgotten = await says(desk, "person", "forget", address)
    gone = await says(desk, "person", "show", invited.json()["person_id"])

    assert "would be appended (1)" in tried.out
    assert "PersonInvited" in tried.out
    assert "sealed" not in tried.out
    assert (nobody.code, "invite them first" in nobody.err) == (2, True)
    assert "/sign-in/once?token=" in invited.json()["link"]
    assert "/sign-in/once?token=" in linked.out, linked.err
    assert role.code == 0, role.err
    assert "Ada" in roles.out
    assert address in roles.out
    assert card.code == 0, card.err
    assert [it["number"] for it in json.loads(cards.out)] == [number]
    assert renamed.code == 0
    assert "Ada Berg" in listed.out
    for it in ("RoleRevoked", "CardRemoved", "PersonForgotten", "nothing has changed"):
        assert it in would_end.out
    assert forgotten.code == 0, forgotten.err
    assert "a forgotten person" in gone.out


async def test_what_a_rule_turns_down_is_said_with_the_way_on(desk: Desk) -> None:
    here = await desk.garage()
    person_id = await desk.invite(f"{new_id()}@example.com")

    service = await says(desk, "role", "grant", here, person_id, "service")
    dry = await says(desk, "role", "grant", here, person_id, "service", "--dry-run", "--json")
    nowhere = await says(desk, "role", "grant", "nowhere", person_id, "user")
    unread = await says(desk, "card", "list", "not an@address")

    assert (service.code, "NotAnInstaller" in service.err) == (1, True)
    assert (dry.code, dry.json()["refusal"], dry.json()["events"]) == (1, "NotAnInstaller", [])
    assert (nowhere.code, "set it up first" in nowhere.err) == (1, True)
    assert (unread.code, "is no e-mail address" in unread.err) == (2, True)


async def test_groups_and_platform_roles_are_kept_from_the_command_line(desk: Desk) -> None:
    group = f"firm-{new_id()[-8:]}"
    person_id = await desk.invite(f"{new_id()}@example.com", name="Serge")

    done = [
        await says(desk, "group", "create", group, "Harbour Electric AS"),
        await says(desk, "group", "add", group, person_id),
        await says(desk, "role", "grant-platform", f"group/{group}", "installer"),
    ]
    groups = await says(desk, "group", "list")
    platform = await says(desk, "role", "list", "--json")
    dissolved = await says(desk, "group", "dissolve", group)
    afterwards = await says(desk, "role", "list", "--json")

    assert [it.code for it in done] == [0, 0, 0], [it.err for it in done]
    assert "Serge" in groups.out
    assert f"group/{group}" in platform.out
    assert dissolved.code == 0
    assert f"group/{group}" not in afterwards.out


async def test_what_is_asked_for_is_shown_and_answered(desk: Desk) -> None:
    here = await desk.garage()
    guest = await desk.invite(f"{new_id()}@example.com", name="Grete")
    await desk.order(
        RequestAccess,
        request_id=(request_id := new_id()),
        person_id=guest,
        installation_id=here,
        words="Flat 12.",
    )

    open_ones = await says(desk, "request", "list", here)
    answered = await says(desk, "request", "answer", here, request_id, "--grant")
    left = await says(desk, "request", "list", here)

    assert "Grete" in open_ones.out
    assert "Flat 12." in open_ones.out
    assert answered.code == 0, answered.err
    assert "nothing is asked for" in left.out


async def test_the_log_verifies_when_somebody_was_forgotten(desk: Desk, tmp_path: Path) -> None:
    address = f"{new_id()}@example.com"
    await desk.invite(address, name="Vanishing Vera")
    assert (await says(desk, "person", "forget", address)).code == 0
    file = tmp_path / "log.ndjson"

    url = desk.process.database_url
    databases = url.replace("_permissions?", "?").removesuffix("_permissions")
    environment = {"NATS_URL": desk.servers.nats_url, "DATABASE_URL": databases}
    said = await typed(["log", "export", "permissions", "--out", str(file)], environment)
    verified = await typed(["log", "verify", "--file", str(file)], {})

    assert said.code == 0, said.err
    assert verified.code == 0, verified.out + verified.err
    written = file.read_text(encoding="utf-8")
    assert "PersonForgotten" in written
    assert address not in written
    assert "Vera" not in written


async def test_history_tells_people_by_name_and_finds_them_by_address(desk: Desk) -> None:
    address = f"{new_id()}@example.com"
    owner = await desk.invite(address, name="Olga Owner")
    guest = await desk.invite(f"{new_id()}@example.com", name="Gus Guest")
    here = await desk.garage()
    for who, role in ((owner, "owner"), (guest, "user")):
        assert (await says(desk, "role", "grant", here, who, role)).code == 0
    role = {"installation_id": here, "grantee": f"person/{guest}", "role": Role.OWNER}
    assert (await desk.ask(owner, GrantRole, **role)).accepted
    databases = desk.process.database_url.replace("_permissions?", "?")
    environment = {
        "NATS_URL": desk.servers.nats_url,
        "DATABASE_URL": databases.removesuffix("_permissions"),
        "COLUMNS": "200",
    }

    by_address = await typed(["history", address], environment)
    by_id = await typed(["history", owner, "--json"], environment)
    await desk.order(ForgetPerson, person_id=guest)
    afterwards = await typed(["history", owner], environment)
    nobody = await typed(["history", f"{new_id()}@example.com"], environment)

    assert "Gus Guest has the role owner at the installation" in by_address.out, by_address
    assert "Gus Guest has the role owner" in by_id.out
    assert "a forgotten person has the role owner" in afterwards.out
    assert (nobody.code, "nobody is known by" in nobody.err) == (2, True)
