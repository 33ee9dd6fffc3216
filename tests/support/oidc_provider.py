"""A real OpenID provider beside the tests: node's `oidc-provider`, kept in a cache folder."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from cli.ports import free_ports
from tests.support.npm import NODE, installed

PACKAGE = "oidc-provider@9.13.3"
SCRIPT = Path(__file__).with_suffix(".mjs")
READY_S_MAX = 30.0
ACTION = re.compile(r'action="([^"]+)"')
PROMPT = re.compile(r'name="prompt" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Company:
    """A running provider."""

    issuer: str
    port: int


@contextlib.asynccontextmanager
async def running_company(back: str) -> AsyncIterator[Company]:
    """A provider that sends browsers back to an address of ours."""
    folder = await installed(PACKAGE)
    (port,) = free_ports(1)
    script = folder / "provider.mjs"
    shutil.copyfile(SCRIPT, script)
    process = await asyncio.create_subprocess_exec(
        NODE,
        *(str(script), str(port), back),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S_MAX):
            while (line := await process.stdout.readline()).strip() != b"ready":
                assert line, "the provider has ended"
        yield Company(f"http://localhost:{port}", port)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def through_company(http: httpx.AsyncClient, begin: str, email: str) -> httpx.Response:
    """Go to the company, sign in there and agree; return the redirect that leads back, not followed."""
    answer = await http.get(begin)
    for _ in range(12):
        if answer.is_redirect:
            target = str(answer.url.join(answer.headers["location"]))
            if "/sign-in/company-back" in target:
                return answer
            answer = await http.get(target)
            continue
        action, prompt = ACTION.search(answer.text), PROMPT.search(answer.text)
        assert action is not None, answer.text
        assert prompt is not None, answer.text
        typed = {"prompt": prompt[1], "login": email, "password": "any"}
        answer = await http.post(str(answer.url.join(action[1])), data=typed)
    raise AssertionError("the company leads round and round")
