"""Holds what the Helm chart makes against the policies of Checkov (deploy/helm/checkov.yaml)."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from tests.support.chart import DEPLOY, VALUES, rendered

CHECKOV = "checkov==3.3.30"
SECONDS_MAX = 300


def main() -> int:
    """Return Checkov's own code; 0 with a remark where nobody can bring it."""
    uvx = Path(".uv/bin/uvx")
    asked = [str(uvx), "--from", CHECKOV, "checkov"]
    brought = subprocess.run(
        [*asked, "--version"], capture_output=True, text=True, check=False, timeout=SECONDS_MAX
    )
    if brought.returncode != 0:
        sys.stdout.write(
            f"POLICIES ARE LEFT OUT: {CHECKOV} cannot be had\n{brought.stderr[-300:]}\n"
        )
        return 0
    with TemporaryDirectory() as folder:
        for values in VALUES:
            text = yaml.safe_dump_all(rendered(values))
            (Path(folder) / f"{values}.yaml").write_text(text, "utf-8")
        config = str(DEPLOY / "helm" / "checkov.yaml")
        done = subprocess.run(
            [*asked, "--config-file", config, "-d", folder], check=False, timeout=SECONDS_MAX
        )
    sys.stdout.write(f"{len(VALUES)} sets of values were looked at by {CHECKOV}\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
