"""`ionport audit list`: what the operator reads of the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ionport.cli import main
from tests.support.whole import Site, site_on


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path / "data", "") as site:
        yield site


def test_the_operator_reads_what_was_done(site: Site) -> None:
    site.add_user("bob")
    data = str(site.application.settings.data)

    def listed(*options: str) -> list[dict[str, object]]:
        ran = CliRunner().invoke(main, ["--data", data, "audit", "list", "--json", *options])
        assert ran.exit_code == 0, ran.output
        rows: list[dict[str, object]] = json.loads(ran.stdout)
        return rows

    everything = listed("--limit", "1000")
    assert {"user.created", "membership.set"} <= {row["action"] for row in everything}
    assert everything == sorted(everything, key=lambda row: str(row["at"]), reverse=True)
    assert {row["scope"] for row in listed("--organization")} == {site.organization.organization_id}
    tenant = site.tenant.tenant_id
    assert {row["scope"] for row in listed("--tenant", tenant)} == {tenant}
    assert {row["action"] for row in listed("--action", "user.created")} == {"user.created"}
    assert listed("--until", "2001-01-01") == []
    assert listed("--text", "\udcff") == []
    assert len(listed("--since", "2001-01-01", "--limit", "1")) == 1
    both = ["--data", data, "audit", "list", "--organization", "--tenant", tenant]
    assert CliRunner().invoke(main, both).exit_code == 2


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["--data", str(tmp_path / "none"), "audit", "list"])
    assert ran.exit_code != 0
