"""
Look up known vulnerabilities of everything that Ampledger runs on, as the lock file has it.

    0   every package was looked up, and none has a known vulnerability
    1   some have: they are listed, with the version that mends each
    3   they could not be looked up, or not all of them: nothing is known

pip-audit passes over what the advisory service does not know, and then says that all is well. A mirror of
PyPI without advisories would look like a clean bill of health; so what was passed over is counted here.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
LOOKED_UP, VULNERABLE, UNKNOWN = 0, 1, 3
AUDIT_S_MAX: Final = 600


@dataclass(frozen=True)
class Finding:
    """What is known of the packages: those with vulnerabilities, and those that were passed over."""

    looked_up: int
    vulnerable: tuple[str, ...]
    passed_over: tuple[str, ...]

    @property
    def code(self) -> int:
        if self.vulnerable:
            return VULNERABLE
        return LOOKED_UP if self.looked_up and not self.passed_over else UNKNOWN


def read(report: dict[str, Any]) -> Finding:
    """Read what pip-audit has written as JSON."""
    packages: Sequence[dict[str, Any]] = report["dependencies"]
    passed_over = tuple(it["name"] for it in packages if "skip_reason" in it)
    vulnerable = tuple(
        _line(package, vulnerability)
        for package in packages
        for vulnerability in package.get("vulns", ())
    )
    return Finding(len(packages) - len(passed_over), vulnerable, passed_over)


def _line(package: dict[str, Any], vulnerability: dict[str, Any]) -> str:
    mended = ", ".join(vulnerability["fix_versions"]) or "no version yet"
    names = ", ".join([vulnerability["id"], *vulnerability.get("aliases", ())])
    return f"{package['name']} {package['version']}: {names}; mended in {mended}"


def tell(finding: Finding) -> list[str]:
    """Say what was found, in sentences."""
    lines = [*finding.vulnerable]
    if finding.passed_over:
        many = f"{len(finding.passed_over)} of {len(finding.passed_over) + finding.looked_up}"
        lines.append(f"NOT LOOKED UP: {many} packages are unknown to the advisory service")
    if finding.code == LOOKED_UP:
        lines.append(f"{finding.looked_up} packages, no known vulnerability")
    return lines


def main() -> int:
    """Export the lock file, have it audited, and say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, found = Path(folder, "requirements.txt"), Path(folder, "found.json")
        export = ("export", "--frozen", "--no-emit-project", "--quiet", "-o", str(wanted))
        _run(str(ROOT / ".uv" / "bin" / "uv"), *export)
        said = _run(
            *(str(ROOT / ".venv" / "bin" / "pip-audit"), "--requirement", str(wanted)),
            *("--require-hashes", "--disable-pip", "--progress-spinner", "off"),
            *("--format", "json", "--output", str(found)),
            may_fail=True,
        )
        if not found.exists():
            sys.stdout.write(f"NOT LOOKED UP: the advisory service cannot be asked\n{said}\n")
            return UNKNOWN
        finding = read(json.loads(found.read_text(encoding="utf-8")))
    sys.stdout.write("\n".join(tell(finding)) + "\n")
    return finding.code


def _run(*argv: str, may_fail: bool = False) -> str:
    done = subprocess.run(
        argv,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=AUDIT_S_MAX,
        check=not may_fail,
        text=True,
    )
    return done.stdout[-2000:]


if __name__ == "__main__":
    sys.exit(main())
