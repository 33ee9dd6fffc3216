"""Databases as a service has them: created and migrated, one for every test that asks."""

import asyncio
import sys
from pathlib import Path

from tests.support.servers import EmbeddedServers

ROOT = Path(__file__).parents[2]
LOG_SCHEMA = ROOT / "shared" / "schema" / "log"
DBMATE = Path(sys.executable).with_name("dbmate")


PORTAL_SCHEMA = ROOT / "services" / "portal" / "schema"


async def portal_database(servers: EmbeddedServers) -> str:
    """Create a database as the portal has it; returns its URL."""
    return await service_database(servers, PORTAL_SCHEMA)


async def service_database(servers: EmbeddedServers, *schemas: Path) -> str:
    """Create a database with the log's tables and a service's own; returns its URL."""
    url = await servers.create_database()
    folders = [option for it in (LOG_SCHEMA, *schemas) for option in ("-d", str(it))]
    separator = "&" if "?" in url else "?"
    process = await asyncio.create_subprocess_exec(
        DBMATE,
        "--url",
        f"{url}{separator}sslmode=disable",
        *folders,
        "--no-dump-schema",
        "up",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return url
