"""TLS to real servers with a certificate authority of the moment, and what is refused without."""

import asyncio
import contextlib
import os
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import pytest
import pytest_asyncio
import trustme
from faststream.nats import NatsRouter

from cli.nats_keys import seed_file
from cli.ports import free_ports
from cli.programs import nats_server
from shared import subjects
from shared.commands import taking_commands
from shared.lines import LineSettings, PlaintextRefused, check_encrypted
from shared.messages.installation_commands import DeactivateInstallation
from shared.messaging import connect
from shared.nats_options import NatsSettings, sign_in
from shared.pull import consumer_of, pulling
from shared.runtime import pool_of
from tests.support.servers import EmbeddedServers, scratch_folder
from tests.support.tls_front import Front, tls_front

pytestmark = pytest.mark.integration

READY_S_MAX = 20.0
HERE = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority, and what it has signed."""

    folder: Path
    ca: trustme.CA

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str, *identities: str) -> tuple[Path, Path]:
        """Sign a certificate; returns its file and that of its key."""
        issued = self.ca.issue_cert(*identities, common_name=name)
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        for index, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(str(cert), append=index > 0)
        issued.private_key_pem.write_to_path(str(key))
        key.chmod(0o600)
        return cert, key


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    made = Authority(folder, trustme.CA())
    made.ca.cert_pem.write_to_path(str(made.file))
    return made


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an authority that has signed nothing here."""
    file = tmp_path_factory.mktemp("stranger") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file


# --- NATS ---


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A NATS server with the accounts that `ampledger nats config` prints, reached by TLS only."""

    url: str
    keys: Path
    authority: Authority
    client: tuple[Path, Path]

    def settings(self, service: str, **changes: Path | None) -> NatsSettings:
        given = {
            "NATS_NKEY_SEED_FILE": seed_file(self.keys, service),
            "NATS_CA_FILE": self.authority.file,
            "NATS_CERT_FILE": self.client[0],
            "NATS_KEY_FILE": self.client[1],
        }
        return NatsSettings(**(given | changes))  # type: ignore[arg-type]  # by their aliases


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def encrypted(authority: Authority) -> AsyncIterator[Encrypted]:
    with scratch_folder() as folder:
        keys, file = folder / "keys", folder / "nats.conf"
        accounts = await _ampledger("nats", "config", str(keys))
        cert, key = authority.issue("nats", *HERE)
        (port,) = free_ports(1)
        tls = (
            f'tls {{ cert_file: "{cert}", key_file: "{key}", ca_file: "{authority.file}"\n'
            "verify: true, handshake_first: true }\n"
        )
        store = f'jetstream {{ store_dir: "{folder / "store"}" }}\n'
        file.write_text(f'listen: "127.0.0.1:{port}"\n{store}{tls}{accounts}')
        made = Encrypted(
            f"nats://127.0.0.1:{port}", keys, authority, authority.issue("client", "client")
        )
        process = await asyncio.create_subprocess_exec(
            str(nats_server()), "--config", str(file), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await _until_listening(port)
            yield made
        finally:
            process.terminate()
            await process.wait()


async def _ampledger(*words: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("ampledger")),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    told, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    return told.decode()


async def _until_listening(port: int) -> None:
    async with asyncio.timeout(READY_S_MAX):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)


async def once(url: str, settings: NatsSettings) -> None:
    """Sign in once, and ask JetStream who we are."""
    heard: list[Exception] = []

    async def hear(error: Exception) -> None:
        heard.append(error)

    options = sign_in(url, settings).of_client()
    client = await nats.connect(
        url, allow_reconnect=False, max_reconnect_attempts=1, error_cb=hear, **options
    )
    try:
        await client.jetstream().account_info()
    finally:
        await client.close()


async def test_services_and_the_operator_sign_in_over_tls(encrypted: Encrypted) -> None:
    await once(encrypted.url, encrypted.settings("balancer"))
    await once(encrypted.url, encrypted.settings("operator"))


async def test_commands_are_taken_over_tls(
    encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = encrypted.settings("installation")
    monkeypatch.setenv("NATS_NKEY_SEED_FILE", str(service.seed_file))
    monkeypatch.setenv("NATS_CA_FILE", str(service.ca_file))
    monkeypatch.setenv("NATS_CERT_FILE", str(service.cert_file))
    monkeypatch.setenv("NATS_KEY_FILE", str(service.key_file))
    router = NatsRouter()

    @router.subscriber(subjects.command(DeactivateInstallation))
    async def take(_: bytes) -> bytes:
        return b"taken"

    operator = await connect(encrypted.url, "test", encrypted.settings("operator"))
    async with taking_commands(encrypted.url, "test-installation", router, drains=[]):
        subject = subjects.command(DeactivateInstallation, "garage-1")
        answer = await operator.request(subject, b"x", timeout=5)
    await operator.close()

    assert answer.data == b"taken"


async def test_a_server_that_another_authority_signed_for_is_not_talked_to(
    encrypted: Encrypted, stranger: Path
) -> None:
    with pytest.raises((ssl.SSLError, nats.errors.Error, OSError)):
        await once(encrypted.url, encrypted.settings("balancer", NATS_CA_FILE=stranger))


async def test_a_server_that_asks_for_a_certificate_lets_nobody_in_without(
    encrypted: Encrypted,
) -> None:
    bare = encrypted.settings("balancer", NATS_CERT_FILE=None, NATS_KEY_FILE=None)
    with pytest.raises((ssl.SSLError, nats.errors.Error, OSError)):
        await once(encrypted.url, bare)


async def test_nothing_is_said_to_a_server_that_offers_no_tls(encrypted: Encrypted) -> None:
    """Whoever sits in between could say that TLS is not needed, and would be told everything."""
    said = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576}\r\n')
        with contextlib.suppress(OSError, TimeoutError):
            said.extend(await asyncio.wait_for(reader.read(4096), 2))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises((ssl.SSLError, nats.errors.Error, OSError)):
        await once(f"nats://me:secret@127.0.0.1:{port}", encrypted.settings("balancer"))
    server.close()

    assert said.startswith(b"\x16\x03")  # a TLS handshake, and no CONNECT
    assert b"secret" not in said


@pytest.mark.parametrize("host", ["nats", "10.1.2.3", "nats.example.org"])
async def test_nats_elsewhere_is_not_talked_to_unencrypted(host: str) -> None:
    refused, allowed = NatsSettings(), NatsSettings(AMPLEDGER_PLAINTEXT="allowed")  # type: ignore[call-arg]
    with pytest.raises(PlaintextRefused, match="NATS_CA_FILE"):
        await connect(f"nats://me:secret@{host}:4222", "test", refused)

    assert sign_in(f"nats://{host}:4222", allowed).tls is None
    assert sign_in(f"tls://{host}:4222", refused).tls is not None
    with pytest.raises(PlaintextRefused):
        sign_in(f"nats://127.0.0.1:4222,nats://{host}:4222", refused)


# --- PostgreSQL ---


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is reached by TLS only."""

    front: Front
    place: str
    """Its URL, without parameters."""

    def trusting(self, file: Path) -> str:
        return f"{self.place}?sslmode=verify-full&sslrootcert={file}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(
    own_servers: EmbeddedServers, authority: Authority
) -> AsyncIterator[Database]:
    url = (await own_servers.create_database()).partition("?")[0]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue("postgres", *HERE))
    port = own_servers.postgres.port
    async with tls_front(context, port) as front:
        yield Database(front, url.replace(f":{port}/", f":{front.port}/"))


async def test_a_service_talks_to_postgresql_over_tls(
    database: Database, authority: Authority
) -> None:
    before = database.front.encrypted
    async with pool_of(database.trusting(authority.file)) as pool:
        assert await pool.fetchval("select 7") == 7
    assert database.front.encrypted > before


async def test_a_postgresql_that_another_authority_signed_for_is_not_talked_to(
    database: Database, stranger: Path
) -> None:
    with pytest.raises(ssl.SSLError):
        async with pool_of(database.trusting(stranger)):
            pass


async def test_databases_are_migrated_over_tls_and_every_service_gets_its_role(
    database: Database, authority: Authority, tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords"
    for _ in range(2):  # it may be run again
        told = await _ampledger(
            *("migrate", "--passwords", str(passwords)),
            DATABASE_URL=database.trusting(authority.file),
            COLUMNS="300",
        )

    password = (passwords / "balancer.password").read_text().strip()
    line = next(it for it in told.splitlines() if it.startswith("balancer: "))
    async with pool_of(line.partition("DATABASE_URL=")[2].replace("***", password)) as pool:
        user = await pool.fetchval("select current_user")
        assert user == await pool.fetchval("select current_database()")
    assert password not in told
    assert database.front.turned_away == 0


async def test_the_operator_provides_for_services_over_tls_only(
    encrypted: Encrypted, database: Database, authority: Authority
) -> None:
    url = database.trusting(authority.file)
    operator = encrypted.settings("operator")
    await _ampledger("migrate", DATABASE_URL=url)
    for _ in range(2):  # it may be run again
        told = await _ampledger(
            *("nats", "provide", "--balancers", "2"),
            NATS_URL=encrypted.url,
            NATS_NKEY_SEED_FILE=str(operator.seed_file),
            NATS_CA_FILE=str(operator.ca_file),
            NATS_CERT_FILE=str(operator.cert_file),
            NATS_KEY_FILE=str(operator.key_file),
            DATABASE_URL=url,
        )

    assert "balancer" in told
    client = await connect(encrypted.url, "test", encrypted.settings("balancer"))
    for name in ("balancer-telemetry", "balancer-2-telemetry"):
        async with pulling(client, "EVENTS_TELEMETRY", consumer_of(name)):
            pass
    await client.close()


@pytest.mark.parametrize("query", ["", "?sslmode=disable", "?sslmode=prefer", "?sslmode=allow"])
@pytest.mark.parametrize("host", ["db", "10.1.2.3", "127.0.0.1,db", "[2001:db8::1]:5432"])
async def test_postgresql_elsewhere_is_not_talked_to_unencrypted(host: str, query: str) -> None:
    url = f"postgresql://me:secret@{host}/ampledger{query}"
    with pytest.raises(PlaintextRefused, match="sslmode=verify-full"):
        async with pool_of(url):
            pass

    check_encrypted(url, LineSettings(AMPLEDGER_PLAINTEXT="allowed"))  # type: ignore[call-arg]
    check_encrypted(f"postgresql://me:secret@{host}/ampledger?sslmode=verify-full")
