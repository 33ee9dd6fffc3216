"""
Say of what an image consists: a bill of materials as CycloneDX has it (JSON, version 1.6).

It names every Python distribution that was copied into the image, and every package of Debian's that its
base is of, with versions, licences where they are told, and package URLs, by which scanners find what is
known of them. The same content gives the same document.
"""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

FOLDER: Final = "usr/share/sbom"
_OURS: Final = "ampledger"
_DEBIAN: Final = "debian"
_LICENSES: Final = LicenseFactory()
_LICENSE_CHARACTERS_MAX: Final = 100
"""Some distributions have the whole text where the name belongs."""


def file_of(service: str) -> str:
    """
    Name the document within an image.

    >>> file_of("portal")
    'usr/share/sbom/ampledger-portal.cdx.json'
    """
    return f"{FOLDER}/{_OURS}-{service}.cdx.json"


def write_sbom(service: str, packages: Path, debian: Path, to: Path) -> None:
    """
    Write the bill of materials of an image into its tree.

    Args:
        service: whose image it is.
        packages: the Python distributions in it.
        debian: control files of the base's packages, one each.
        to: the image's content.
    """
    epoch_s = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    known = list(distributions(path=[str(packages)]))
    (ours,) = (it for it in known if it.name == _OURS)
    whole = Component(
        type=ComponentType.CONTAINER, name=f"{_OURS}-{service}", version=ours.version
    )
    bom = Bom(
        components=[*map(_python, known), *_debian(debian)],
        metadata=BomMetaData(component=whole, timestamp=datetime.fromtimestamp(epoch_s, UTC)),
    )
    bom.register_dependency(whole, bom.components)
    said = sorted(str(it.purl) for it in bom.components)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([str(whole.name), *said]))
    for it in (*bom.components, whole):  # references are random otherwise
        it.bom_ref.value = str(it.purl or it.name)
    file = to / file_of(service)
    file.parent.mkdir(parents=True, exist_ok=True)
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    file.write_text(text + "\n", "utf-8")


def _python(it: Distribution) -> Component:
    name = it.metadata["Name"]
    expression = it.metadata["License-Expression"] or it.metadata["License"] or ""
    licenses = [_LICENSES.make_from_string(expression)] if _is_short(expression) else []
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=it.version,
        licenses=licenses,
        purl=PackageURL("pypi", name=name, version=it.version),
    )


def _is_short(expression: str) -> bool:
    return 0 < len(expression) <= _LICENSE_CHARACTERS_MAX and "\n" not in expression


def _debian(folder: Path) -> Iterator[Component]:
    for file in sorted(folder.iterdir()):
        said = HeaderParser().parsestr(file.read_text("utf-8"))
        name, version = said["Package"], said["Version"]
        qualifiers = {"arch": said["Architecture"], "distro": _DEBIAN}
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=version,
            purl=PackageURL("deb", _DEBIAN, name, version, qualifiers),
        )
