"""The bill of materials of an image: CycloneDX, complete, and the same for the same content."""

import json
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.sbom import file_of, write_sbom

PACKAGES = Path(sysconfig.get_path("purelib"))
DEBIAN = {"libssl3": "3.0.22-1~deb12u2", "zlib1g": "1:1.2.13.dfsg-1"}


def written(to: Path) -> str:
    debian = to / "debian"
    debian.mkdir()
    for name, version in DEBIAN.items():
        said = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nDescription: it\n more\n"
        (debian / name).write_text(said)
    write_sbom("portal", PACKAGES, debian, to)
    return (to / file_of("portal")).read_text("utf-8")


def test_everything_inside_is_named_with_its_version(tmp_path: Path) -> None:
    text = written(tmp_path)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    said = json.loads(text)
    assert said["metadata"]["component"]["name"] == "ampledger-portal"
    inside = {(it.metadata["Name"], it.version) for it in distributions(path=[str(PACKAGES)])}
    assert len(inside) > 100
    assert {(it["name"], it["version"]) for it in said["components"]} == (
        inside | set(DEBIAN.items())
    )
    purls = {it["purl"] for it in said["components"]}
    assert "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian" in {
        it.replace("%3A", ":") for it in purls
    }
    assert any(it.startswith("pkg:pypi/asyncpg@") for it in purls)


def test_the_same_content_gives_the_same_document(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()

    assert written(first) == written(second)
