"""`make sbom`: what the image and the storefront are made of, as CycloneDX documents.

Read from what a build installs: the lock files, and the base images that Dockerfile names
by digest. (Of what lies in a base image, its publisher's own document tells.) Source:
CycloneDX 1.6; package-url specification."""

import base64
import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from dev.processes import StackError
from dev.stack import ROOT, local_dir

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_IMAGE = re.compile(
    r"^FROM (?:--\S+ )?(\S+?):([\w.-]+)@sha256:([0-9a-f]{64})", re.MULTILINE
)


def main() -> int:
    """Write both documents into LOCAL_DIR/sbom; return the exit code."""
    folder = local_dir() / "sbom"
    folder.mkdir(parents=True, exist_ok=True)
    image = [
        *base_images(ROOT / "Dockerfile"),
        *python_packages(ROOT / "requirements.txt"),
    ]
    frontend = list(npm_packages(ROOT / "frontend" / "package-lock.json"))
    for name, components in {
        "image": [*image, *frontend],
        "frontend": frontend,
    }.items():
        path = folder / f"{name}.cdx.json"
        path.write_text(make_document(f"markrin-{name}", components))
        print(f"{path}: {len(components)} components")
    return 0


def make_document(name: str, components: list[Component]) -> str:
    """Return a CycloneDX document in JSON of something that has these components."""
    bom = Bom()
    bom.metadata.component = Component(
        name=name, type=ComponentType.APPLICATION, bom_ref=name
    )
    bom.components.update(components)
    bom.register_dependency(bom.metadata.component, components)
    return make_outputter(
        bom, OutputFormat.JSON, SchemaVersion.V1_6
    ).output_as_string(indent=1)


def base_images(dockerfile: Path) -> Iterator[Component]:
    """Yield the images that a Dockerfile begins from. Raises: StackError when one is not
    named by its digest.
    """
    text = dockerfile.read_text()
    images = sorted(set(_IMAGE.findall(text)))
    if len(_IMAGE.findall(text)) != len(re.findall(r"^FROM ", text, re.MULTILINE)):
        raise StackError(
            f"{dockerfile.name} names a base image without its digest: image:tag@sha256:…"
        )
    for name, tag, digest in images:
        url = PackageURL("docker", None, name, f"sha256:{digest}", {"tag": tag})
        yield _component(ComponentType.CONTAINER, url, [digest], version=tag)


def python_packages(lock: Path) -> Iterator[Component]:
    """Yield the packages that a lock file of pip pins, with the hashes of their files."""
    name = version = ""
    hashes: list[str] = []
    for line in [*lock.read_text().splitlines(), "end==0"]:
        if pin := _PIN.match(line):
            if name:
                url = PackageURL("pypi", None, name.lower(), version)
                yield _component(
                    ComponentType.LIBRARY, url, hashes, license_=_license(name)
                )
            (name, version), hashes = pin.groups(), []
        hashes += _HASH.findall(line)


def npm_packages(lock: Path) -> Iterator[Component]:
    """Yield what package-lock.json installs for more than development: it becomes part of
    the storefront.
    """
    packages: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    for path, entry in sorted(packages.items()):
        if "node_modules/" not in path or entry.get("dev") or entry.get("link"):
            continue
        namespace, _, name = path.rpartition("node_modules/")[2].rpartition("/")
        hashes = (
            [base64.b64decode(entry["integrity"].partition("-")[2]).hex()]
            if "integrity" in entry
            else []
        )
        url = PackageURL("npm", namespace or None, name, entry["version"])
        yield _component(
            ComponentType.LIBRARY,
            url,
            hashes,
            license_=str(entry.get("license", "")),
        )


def _component(
    kind: ComponentType,
    url: PackageURL,
    hashes: list[str],
    *,
    version: str = "",
    license_: str = "",
) -> Component:
    algorithms = {64: HashAlgorithm.SHA_256, 128: HashAlgorithm.SHA_512}
    return Component(
        type=kind,
        group=url.namespace,
        name=url.name,
        version=version or url.version,
        purl=url,
        bom_ref=url.to_string(),
        hashes=[
            HashType(alg=algorithms[len(each)], content=each) for each in hashes
        ],
        licenses=[DisjunctiveLicense(name=license_)] if license_ else [],
    )


def _license(name: str) -> str:
    """Return what the installed package says of its licence, in a line."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""  # for another system
    license_text = str(
        about["License-Expression"] or about["License"] or ""
    ).strip()
    return license_text.splitlines()[0][:100] if license_text else ""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(f"markrin: {error}")
