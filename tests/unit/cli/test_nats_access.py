"""Who may sign in: kept, read back, and written as NATS reads it."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.faults import FolderDamaged
from cli.nats_access import (
    Access,
    Subscriber,
    changing_access,
    new_password,
    open_access,
    save_access,
)
from cli.nats_accounts import accounts, all_accounts, services_exports, subscriber_account
from cli.nats_keys import (
    drop_former,
    former_in,
    keys_in,
    new_seed,
    public_key,
    replace_key,
)
from cli.nats_server import Nats, prepare
from cli.programs import nats_server
from shared.grants import SUBSCRIBER_REQUESTS, subscriber
from shared.service_grants import SERVICES

BILLING = Subscriber(
    "billing", "b1lling", ("CircuitAdded",), datetime(2026, 11, 22, 12, tzinfo=UTC)
)
OPERATOR = 'user: "operator", password: "0perator"'
ARCHIVE = Subscriber("archive", "4rchive", (), BILLING.added_at)


def accepted(folder: Path, text: str) -> bool:
    file = folder / "nats.conf"
    file.write_text(text)
    command = [str(nats_server()), "-t", "--config", str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_the_operator_gets_a_password_that_stays(tmp_path: Path) -> None:
    first = open_access(tmp_path / "nats")

    assert len(first.password) >= 32
    assert open_access(tmp_path / "nats") == first
    assert open_access(tmp_path / "other").password != first.password


def test_who_may_sign_in_is_read_as_it_was_written(tmp_path: Path) -> None:
    access = open_access(tmp_path).with_subscriber(BILLING).with_subscriber(ARCHIVE)

    save_access(tmp_path, access)

    assert open_access(tmp_path) == access
    assert open_access(tmp_path).find("billing") == BILLING
    assert open_access(tmp_path).without("billing").subscribers == (ARCHIVE,)


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    open_access(tmp_path)

    assert (tmp_path / "access.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"password": "x"}'])
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "access.json").write_bytes(content)

    with pytest.raises(FolderDamaged, match="cannot be read") as fault:
        open_access(tmp_path)

    assert "mv " in fault.value.hint
    assert (tmp_path / "access.json").read_bytes() == content


def test_every_service_gets_a_key_of_its_own_that_stays(tmp_path: Path) -> None:
    access = open_access(tmp_path)

    assert set(access.services) == set(SERVICES)
    assert len(set(access.services.values())) == len(SERVICES)
    for name, public in access.services.items():
        file = tmp_path / "keys" / f"{name}.seed"
        assert file.stat().st_mode & 0o777 == 0o600
        assert public_key(file.read_text()) == public
        assert file.read_text().strip() not in (tmp_path / "access.json").read_text()
    assert open_access(tmp_path) == access


def test_services_get_keys_in_a_folder_from_a_time_without(tmp_path: Path) -> None:
    before = Access(new_password())
    content = f'{{"password": "{before.password}", "subscribers": []}}'
    (tmp_path / "access.json").write_text(content)

    access = open_access(tmp_path)

    assert access.password == before.password
    assert set(access.services) == set(SERVICES)
    assert open_access(tmp_path) == access


def test_a_key_that_is_lost_is_replaced_and_the_server_told(tmp_path: Path) -> None:
    before = open_access(tmp_path).services
    (tmp_path / "keys" / "portal.seed").unlink()

    after = open_access(tmp_path).services

    assert {it for it in SERVICES if before[it] != after[it]} == {"portal"}
    assert after["portal"] in accounts(open_access(tmp_path))
    assert before["portal"] not in accounts(open_access(tmp_path))


@pytest.mark.parametrize(
    "content",
    ["", "SUNOSEED", new_seed()[:-1], "SAAB" + "A" * 54],
    ids=["empty", "short", "cut", "account"],
)
def test_what_is_no_key_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    open_access(tmp_path)
    file = tmp_path / "keys" / "portal.seed"
    file.write_text(content)

    with pytest.raises(FolderDamaged, match=r"portal\.seed") as fault:
        open_access(tmp_path)

    assert "mv " in fault.value.hint
    assert file.read_text() == content


def test_changes_wait_for_each_other(tmp_path: Path) -> None:
    save_access(tmp_path, Access("s3cret"))
    for added in (BILLING, ARCHIVE):
        with changing_access(tmp_path) as access:
            save_access(tmp_path, access.with_subscriber(added))

    assert [it.name for it in open_access(tmp_path).subscribers] == ["billing", "archive"]


def test_the_server_accepts_the_accounts(tmp_path: Path) -> None:
    access = open_access(tmp_path).with_subscriber(BILLING).with_subscriber(ARCHIVE)

    assert accepted(tmp_path, accounts(access))
    assert not accepted(tmp_path, accounts(access).replace("exports", "exprots"))


def test_the_server_accepts_what_is_said_to_be_configured_elsewhere(tmp_path: Path) -> None:
    services = (
        f'SERVICES: {{ jetstream: enabled, users: [{{user: s, password: "{new_password()}"}}], '
        f"exports: [ {services_exports()} ] }}"
    )
    account = subscriber_account("billing", new_password(), "SERVICES")

    assert accepted(tmp_path, f"accounts {{\n{services}\n{account}\n}}\n")


def test_while_a_key_is_replaced_the_server_knows_both(tmp_path: Path) -> None:
    before = keys_in(tmp_path, SERVICES)["portal"]

    after = replace_key(tmp_path, "portal")

    assert after != before
    assert keys_in(tmp_path, SERVICES)["portal"] == after
    assert former_in(tmp_path, SERVICES) == {"portal": before}
    text = all_accounts([OPERATOR], keys_in(tmp_path, SERVICES), former={"portal": before})
    assert before in text
    assert after in text
    assert accepted(tmp_path, text)


def test_a_key_is_replaced_once_until_the_former_one_is_dropped(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="has no key"):
        replace_key(tmp_path, "portal")
    keys_in(tmp_path, SERVICES)
    replace_key(tmp_path, "portal")
    with pytest.raises(KeyError, match="drop that first"):
        replace_key(tmp_path, "portal")

    assert drop_former(tmp_path, SERVICES) == ["portal"]
    assert former_in(tmp_path, SERVICES) == {}
    replace_key(tmp_path, "portal")


def test_a_subscriber_imports_all_it_may_publish_and_every_import_is_offered() -> None:
    account = subscriber_account("billing", "x")

    for subject, request in zip(
        subscriber("billing").publish, SUBSCRIBER_REQUESTS, strict=True
    ):
        assert account.count(f'"{subject}"') == 2  # permitted, and imported
        assert f'"{request.about("*")}"' in services_exports()


def test_jetstreams_of_a_time_without_accounts_are_moved_in(tmp_path: Path) -> None:
    old = tmp_path / "nats" / "jetstream" / "$G" / "streams" / "EVENTS_BALANCER"
    old.mkdir(parents=True)
    server = Nats(tmp_path / "nats", tmp_path, 1, 2, open_access(tmp_path / "nats"))

    for _ in range(2):
        prepare(server)
        assert not old.exists()
        assert (tmp_path / "nats/jetstream/AMPLEDGER/streams/EVENTS_BALANCER").is_dir()
