"""Every command in the pages of docs/, and which test runs it."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from typer.main import get_command

from cli.app import app
from tests.support.readme import OURS, ROOT

PAGES: Final = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "tutorials").glob("*.md")),
    ROOT / "deploy" / "helm" / "ampledger" / "README.md",
)

_SUPPORT: Final = "tests/integration/cli/test_support.py"
_PEOPLE: Final = "tests/integration/permissions/test_command_line.py"
_DRILL: Final = "tests/system/test_restore_drill.py"
_STORY: Final = "tests/integration/docs/test_readme_story.py"
_LOCKED: Final = "tests/integration/docs/test_locked_serial.py"
_LINES: Final = "tests/integration/between/test_lines_are_encrypted.py"
_MQTT: Final = "tests/integration/telemetry/test_meters_mqtt.py"
_CHARTS: Final = "tests/contracts/deploy/test_chart.py"
_IMAGES: Final = "tests/containers/test_images.py"
_KEYS: Final = "tests/integration/cli/test_replacing_keys.py"
_DESK: Final = "tests/integration/cli/test_credentials.py"

RUN_BY: Final[Mapping[str, str]] = {
    "ampledger --help": "tests/unit/docs/test_readme.py",
    "ampledger backup": _DRILL,
    "ampledger bench balance": "tests/integration/cli/test_bench_balance.py",
    "ampledger bench scale": "tests/integration/cli/test_bench_scale.py",
    "ampledger bench telemetry": "tests/integration/cli/test_bench_telemetry.py",
    "ampledger capacity": "tests/unit/cli/test_capacity.py",
    "ampledger card register": _PEOPLE,
    "ampledger chaos": "tests/system/test_chaos.py",
    "ampledger charger adopt": _DESK,
    "ampledger charger assign": _STORY,
    "ampledger charger import": "tests/integration/cli/test_layout.py",
    "ampledger charger knocking": _DESK,
    "ampledger charger move": _STORY,
    "ampledger check": _SUPPORT,
    "ampledger circuit add": _STORY,
    "ampledger circuit deactivate": _LOCKED,
    "ampledger circuit reactivate": _LOCKED,
    "ampledger client": "tests/integration/sign_in/test_tokens.py",
    "ampledger diff": _SUPPORT,
    "ampledger explain": "tests/integration/docs/test_why_8_a.py",
    "ampledger history": _SUPPORT,
    "ampledger installation": _STORY,
    "ampledger lag": _DRILL,
    "ampledger log": _SUPPORT,
    "ampledger log new-epoch": _DRILL,
    "ampledger meter add": "tests/integration/cli/test_layout.py",
    "ampledger meter token issue": _DESK,
    "ampledger meter try": "tests/unit/cli/test_meter_try.py",
    "ampledger migrate": _LINES,
    "ampledger nats config": _LINES,
    "ampledger nats keys": _KEYS,
    "ampledger nats mqtt": "tests/support/mqtt.py",
    "ampledger nats provide": "tests/integration/between/test_providing.py",
    "ampledger person forget": _PEOPLE,
    "ampledger person invite": _PEOPLE,
    "ampledger person link": _PEOPLE,
    "ampledger projections": _SUPPORT,
    "ampledger prove": "tests/unit/cli/proving/test_commands.py",
    "ampledger readings": "tests/integration/telemetry/test_readings_kept.py",
    "ampledger replay": _SUPPORT,
    "ampledger request list": _PEOPLE,
    "ampledger restart": "tests/system/test_rolling_restart.py",
    "ampledger restore": _DRILL,
    "ampledger role": _PEOPLE,
    "ampledger serial": _SUPPORT,
    "ampledger session signed": "tests/integration/telemetry/test_signed_values.py",
    "ampledger sim": "tests/unit/cli/simulating/test_days.py",
    "ampledger status": _STORY,
    "ampledger subscriber add": "tests/integration/cli/test_subscribers.py",
    "ampledger up": _DRILL,
    "ampledger who-did": "tests/integration/cli/test_who_did.py",
    "curl -H": "tests/integration/sign_in/test_tokens.py",
    "curl -N": "tests/integration/api/test_happenings.py",
    "curl -u": "tests/integration/sign_in/test_tokens.py",
    "deploy/bases.sh": _IMAGES,
    "docker": _IMAGES,
    "export": "tests/unit/cli/test_mqtt_server.py",
    "make": "tests/unit/docs/test_readme.py",
    "mosquitto_pub": _MQTT,
    "mosquitto_sub": _MQTT,
    "mv": _DRILL,
    "nats-server": "tests/support/mqtt.py",
    "python docs/examples/subscriber.py": "tests/integration/docs/test_subscriber_example.py",
    "helm": _CHARTS,
    "kubectl": _CHARTS,
    "openssl rand": _CHARTS,
    "mkdir": _CHARTS,
    "for it": _CHARTS,
}
"""The test that runs a command, or what the test calls it by; the longest beginning counts."""

NOT_RUN: Final[Mapping[str, str]] = {
    "ampledger bench portal": "it measures for minutes, on a machine of its own",
    "git pull": "what it brings is what is tested",
}
"""What no test runs, and why."""

_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TYPED: Final = frozenset({"", "sh", "console"})
"""Languages of blocks that have commands."""
_NAMED: Final = re.compile(r"`((?:\.venv/bin/)?ampledger [^`\n]+)`")
_PROMPT: Final = "$ "
_SETTING: Final = re.compile(r"^[A-Z][A-Z_]*=")
LEFT_OUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Documented:
    """A command as a page has it."""

    page: Path
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {' '.join(self.words)}"

    @property
    def ours(self) -> bool:
        return self.words[0] == "ampledger"


def in_blocks(page: Path) -> Iterator[Documented]:
    """Read the commands in a page's blocks, without settings before them and comments behind them."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for language, block in _BLOCK.findall(text):
        if language not in TYPED:
            continue
        lines = [it for it in block.splitlines() if it.strip()]
        typed = [it.removeprefix(_PROMPT) for it in lines if it.startswith(_PROMPT)]
        if not typed and language != "console":
            typed = lines if language == "sh" else [it for it in lines if _begins(it)]
        for line in typed:
            for part in line.split(" && "):
                words = _words(part)
                if words:
                    yield Documented(page, words)


def named(page: Path) -> Iterator[Documented]:
    """Read the commands of ours that a page names within its sentences."""
    for text in _NAMED.findall(page.read_text(encoding="utf-8")):
        if LEFT_OUT not in text:
            yield Documented(page, _words(text))


def _begins(line: str) -> bool:
    """Whether a line of a block without a language is a command, and not what one has said."""
    words = [it for it in line.split() if not _SETTING.match(it)]
    known = {it.split()[0] for it in (*RUN_BY, *NOT_RUN)}
    return bool(words) and _plain(words[0]) in known


def _words(line: str) -> tuple[str, ...]:
    words = shlex.split(line, comments=True)
    while words and _SETTING.match(words[0]):
        words = words[1:]
    for mark in (">", "|", ";"):
        if mark in words:
            words = words[: words.index(mark)]
    return (_plain(words[0]), *words[1:]) if words else ()


def _plain(word: str) -> str:
    return word.removeprefix(OURS)


def runner_of(it: Documented) -> str | None:
    """Name who runs a command: the file of a test, or why nobody does; none if it is in no table."""
    line = " ".join(it.words)
    found = [
        (len(begins), who)
        for begins, who in (RUN_BY | NOT_RUN).items()
        if line == begins or line.startswith(f"{begins} ")
    ]
    return max(found)[1] if found else None


@cache
def _command() -> Any:  # a group of click, which is not ours to type
    return get_command(app)


def parse(words: tuple[str, ...]) -> None:
    """
    Have the command line read a command, and not do it.

    Raises:
        click.UsageError: there is no such command or option, or something is missing or makes no sense.
    """
    command = _command()
    arguments, above, name = list(words[1:]), None, words[0]
    while True:
        above = command.make_context(name, arguments, parent=above)
        if not hasattr(command, "commands"):
            return
        name, command, arguments = command.resolve_command(
            above, [*above._protected_args, *above.args]
        )
