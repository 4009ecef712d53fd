"""The manual's blocks of commands: each line is one that ionport takes, and can be run."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ionport.cli import main
from ionport.manual import page_names, read_page
from tests.support.manual_blocks import block
from tests.support.sftp import PASSWORD, USER, sftp_server
from tests.support.whole import Site, site_on

_BLOCK = re.compile(r"```(?:shell|sh|)\n.*?```|^(?: {4}\S.*\n)+", re.DOTALL | re.MULTILINE)


def commands_of(page: str) -> list[list[str]]:
    """Return the words of each line of a page's blocks that calls ionport."""
    blocks = "\n".join(_BLOCK.findall(read_page(page).text))
    lines = (line.strip() for line in blocks.splitlines())
    return [
        shlex.split(
            line.partition(" > ")[0].partition(" >> ")[0].partition(" | ")[0], comments=True
        )[1:]
        for line in lines
        if line.startswith("ionport ")
    ]


def _shown() -> Iterator[tuple[str, list[str]]]:
    for page in page_names():
        yield from ((page, words) for words in commands_of(page))
    configured = json.loads(block("client-mcp", "{\n"))
    yield "client-mcp", configured["mcpServers"]["ionport"]["args"]


@pytest.mark.parametrize(("page", "words"), list(_shown()), ids=lambda value: str(value)[:60])
def test_a_line_of_a_block_has_the_arguments_and_options_of_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IONPORT_IONAPI", "DocBits_TST.ionapi")
    for word in words:
        if re.fullmatch(r"[\w-]+\.\w+|FILE…?|FOLDER", word):
            (tmp_path / word).touch()
    command: click.Command = main
    with ExitStack() as opened:
        context = opened.enter_context(main.make_context("ionport", list(words)))
        while isinstance(command, click.Group):
            rest = [*context._protected_args, *context.args]
            name, found, rest = command.resolve_command(context, rest)
            assert found is not None, f"{page}: {words}"
            command = found
            context = opened.enter_context(found.make_context(name, rest, parent=context))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path / "data", "") as site:
        yield site


def test_commands_that_need_a_data_folder_alone_run_as_the_pages_have_them(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = re.search(r"^ {4}number,name,.*\n {4}.*\n", read_page("suppliers").text, re.MULTILINE)
    assert rows is not None
    Path("suppliers.csv").write_text(textwrap.dedent(rows[0]), encoding="utf-8")
    told: dict[str, str] = {}
    data = ("--data", str(site.application.settings.data))
    for page in (
        *("suppliers", "companies", "document-types", "retention", "json-api", "audit-log"),
        "users",
    ):
        for words in commands_of(page):
            if words[:2] == ["supplier", "fetch"]:
                # It needs a connection: tests/unit/web/pages/settings/test_supplier_fetch.py.
                continue
            words = [site.tenant.tenant_id if word == "ACME_TST" else word for word in words]
            done = CliRunner().invoke(main, [*data, *words], input="y\n")
            assert done.exit_code == 0, f"{page}: {words}: {done.output}"
            told[" ".join(words)] = done.output
    assert "70012" in told["supplier list --text Nordwerk"]
    assert "DE02120300000000202051" in told["supplier show 70012"]
    assert "Südmaschinen AG" in told["company list"]
    assert json.loads(Path("invoice.json").read_text())["approvals"]["second_from"] == "10000"


def test_files_that_the_pages_show_are_taken(site: Site, tmp_path: Path) -> None:
    data = ("--data", str(site.application.settings.data))
    shown = {
        "type.json": block("document-types", "{\n"),
        "values.json": block("intake", '[{"document_type"'),
        "values.csv": block("intake", "invoice_id;invoice_date"),
    }
    for name, content in shown.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    done = CliRunner().invoke(
        main, [*data, "document-type", "import", str(tmp_path / "type.json")], input="y\n"
    )
    assert done.exit_code == 0, done.output
    added: list[str] = []
    for name in ("values.json", "values.csv"):
        done = CliRunner().invoke(main, [*data, "document", "add", str(tmp_path / name), "--json"])
        assert done.exit_code == 0, done.output
        added += [each["file"] for each in json.loads(done.output)]
    assert len(added) == 3


def test_targets_and_servers_are_added_by_the_commands_of_the_pages(
    site: Site, tmp_path: Path
) -> None:
    """With a folder, a server and a secret of their own in place of the words in capitals."""
    lines = block("other-targets", "ionport connection").splitlines()
    lines += block("intake", "ionport intake add-sftp").splitlines()
    (tmp_path / "secret").write_text(PASSWORD, encoding="utf-8")
    (tmp_path / "served").mkdir()
    data = ("--data", str(site.application.settings.data))
    proved = next(number for number, line in enumerate(lines) if "add-sftp" in line)
    with sftp_server(tmp_path / "served") as server:
        shown = {
            "HOST": "127.0.0.1",
            "SHARE": "invoices",
            "USER": USER,
            "FOLDER": "/",
            "FILE": str(tmp_path / "secret"),
            "ssh-ed25519 AAAA…": server.host_key,
        }
        for number, line in enumerate(lines):
            adds = any(word.startswith("add-") for word in line.split())
            own = {"NAME": f"Target {number if adds else proved}"}
            if "add-folder" in line:
                own["FOLDER"] = str(tmp_path / "served")
            words = [{**shown, **own}.get(word, word) for word in shlex.split(line)[1:]]
            port = ("--port", str(server.port)) if "add-sftp" in line else ()
            done = CliRunner().invoke(main, [*data, *words, *port])
            assert done.exit_code == 0, f"{line}\n{done.output}"
