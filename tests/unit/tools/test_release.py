"""What a release says about its parts."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ionport import __version__
from tools.release import locked
from tools.release.notice import PAGE, notice
from tools.release.sbom import sbom

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def test_notice_is_that_of_the_locked_packages() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == notice(), "write it anew: python -m tools.release.notice"
    assert "  certifi               MPL-2.0\n" in text
    assert "  psycopg               LGPL-3.0-only\n" in text


def test_every_locked_package_is_found_with_its_hashes() -> None:
    found = locked.runtime()
    lines = locked.RUNTIME.read_text(encoding="utf-8").splitlines()
    assert len(found) == sum("==" in line and not line.startswith(" ") for line in lines) > 30
    assert sum(len(package.hashes) for package in found) == sum("--hash=" in line for line in lines)
    assert all(package.hashes and package.licence for package in found)


def test_the_sbom_names_every_part_once() -> None:
    content = json.loads(json.dumps(sbom(NOW)))
    assert (content["bomFormat"], content["specVersion"]) == ("CycloneDX", "1.6")
    assert content["metadata"]["component"]["version"] == __version__
    names = [part["purl"] for part in content["components"]]
    assert len(names) == len(set(names)) == len(locked.runtime()) + len(locked.npm())
    assert f"pkg:npm/%40tabler/core@{_version('@tabler/core')}" in names
    assert content["dependencies"][0]["dependsOn"] == names
    assert content["serialNumber"] == sbom(NOW.replace(year=2027))["serialNumber"]


def _version(name: str) -> str:
    return next(package.version for package in locked.npm() if package.name == name)


def test_no_licence_forbids_what_we_do() -> None:
    """Strong copyleft would bind whoever passes ionport on."""
    parts = [*locked.runtime(), *locked.npm()]
    strong = [part.name for part in parts if part.licence.startswith(("GPL", "AGPL"))]
    assert strong == []
