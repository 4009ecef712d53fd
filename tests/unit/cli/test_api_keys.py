"""`ionport api-key` makes, lists and deletes keys."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from ionport.cli import main
from tests.support.api import program
from tests.support.whole import site_on


def test_a_key_made_at_the_command_line_opens_the_api_until_it_is_deleted(tmp_path: Path) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(tmp_path / "data"), "api-key", *arguments])

    with site_on(tmp_path / "data", "") as site:
        made = run("create", "archive", "--user", "ada", "--scope", "documents.read")
        secret = made.stdout.strip()
        listed = json.loads(run("list", "--json").stdout)
        assert [(key["name"], key["scopes"]) for key in listed] == [("archive", "documents.read")]
        assert secret not in run("list").output
        with program(site, secret) as client:
            assert client.get("/documents").status_code == 200
            assert run("delete", listed[0]["id"]).exit_code == 0
            assert client.get("/documents").status_code == 401
        assert (
            "no user 'nobody'"
            in run("create", "x", "--user", "nobody", "--scope", "documents.read").output
        )
