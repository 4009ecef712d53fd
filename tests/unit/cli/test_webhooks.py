"""Webhooks are listed and tested at the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ionport.cli import main
from ionport.identity.access import Access
from ionport.identity.model import Actor
from tests.support.receiver import receiving
from tests.support.whole import Site, site_on


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path / "data", "") as site:
        yield site


def test_webhooks_are_listed_and_tested(site: Site) -> None:
    side = site.application.documents
    assert side is not None

    def run(*arguments: str) -> Result:
        data = str(site.application.settings.data)
        return CliRunner().invoke(main, ["--data", data, "webhook", *arguments])

    assert "No webhook yet." in run("list").output
    with receiving() as receiver:
        with site.application.database.write() as work:
            access = Access(work, site.organization, Actor.operator())
            webhook, secret = side.webhooks.add(access, "ERP", receiver.url, ["document.exported"])
        (listed,) = json.loads(run("list", "--json").stdout)
        assert (listed["id"], listed["state"], listed["url"]) == (
            webhook.id,
            "active",
            receiver.url,
        )
        assert secret.reveal() not in run("list", "--json").output
        tried = run("test", webhook.id, "--json")
        assert (tried.exit_code, json.loads(tried.stdout)["http_status"]) == (0, 200)
        assert receiver.calls[0].verified(secret.reveal())["type"] == "webhook.test"
        receiver.answer(500)
        refused = run("test", webhook.id)
        assert refused.exit_code == 1
        assert "has not arrived" in refused.output
    assert run("test", "whk_none").exit_code == 1
