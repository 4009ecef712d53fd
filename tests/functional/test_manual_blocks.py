"""Examples of the pages that no test of their subject runs: each is done as it stands there."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner
from lxml import etree

from ionport.cli import main
from ionport.identity.access import Access
from ionport.ionapi import IonApiClient, IonApiFile, ItemDraft, ServiceError
from ionport.settings_reading import load_settings
from ionport.testing.infor import Infor
from ionport.testing.parts import ACTOR
from ionport.testing.running import USERNAME
from tests.functional.ionapi.test_m3_load import SUPPLIER
from tests.support.idp import make_idp
from tests.support.manual_blocks import ROOT, block
from tests.unit.oauth.grants.test_saml2_bearer import ENTITY, Said, sign

FILE = "DocBits_TST.ionapi"
INVOICE = ItemDraft(
    "M3_SupplierInvoice",
    (("BOD_SupplierInvoiceID", "471102"),),
    resources=(("471102.xml", b"<I/>"),),
)
NO_CURL = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("basenc") is None,
    reason="NO CURL: no assertion was sent by it",
)


@pytest.fixture
def folder(infor: Infor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the credential that the pages name, where the examples run."""
    (tmp_path / FILE).write_bytes(infor.ionapi_file().read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IONPORT_TOKEN_CACHE", str(tmp_path / "tokens"))
    return tmp_path


@pytest.fixture
def client(folder: Path) -> IonApiClient:
    return IonApiClient(IonApiFile.load(folder / FILE))


def _run(line: str) -> str:
    words = shlex.split(line.partition(" > ")[0], comments=True)
    assert words[0] == "ionport"
    done = CliRunner().invoke(main, words[1:])
    assert done.exit_code == 0, f"{line}\n{done.output}"
    return done.stdout


@NO_CURL
def test_the_assertion_that_curl_sends_gets_a_token(infor: Infor, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    idp, parts = make_idp(now - timedelta(days=1)), infor._parts
    file = infor.credentials("web", redirect_urls=("https://app.example.com/back",))
    with parts.database.write() as work:
        parts.side.saml_issuers.add_issuer(Access(work, parts.scope, ACTOR), ENTITY, idp.pem)
    token_url = f"{file['pu']}{file['ot']}"
    said = Said(now, token_url, token_url, subject=USERNAME)
    (tmp_path / "assertion.xml").write_bytes(etree.tostring(sign(said.xml(), idp)))
    line = block("saml-issuers", "curl ")
    shown = "http://127.0.0.1:8400/IONPORT_TST/as/token.oauth2"
    assert shown in line
    done = subprocess.run(
        ["bash", "-c", line.replace(shown, token_url)],
        cwd=tmp_path,
        env={**os.environ, "CI": file["ci"], "CS": file["cs"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["token_type"] == "Bearer", done.stdout


def test_a_select_of_m3s_tables_is_answered_as_the_page_says(client: IonApiClient) -> None:
    method, address = block("sandbox-m3", "GET ").strip().split(" ", 1)
    path, _mark, query = address.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    with client:
        answer = client.request(
            method, f"/M3/m3api-rest/{path}", query=urlencode(pairs, quote_via=quote)
        )
    assert answer.status == 200
    (result,) = answer.json_object()["results"]
    head, *rows = result["records"]
    assert head == {"REPL": "OKCUNO;OKCUNM"}
    assert "10001;" in rows[0]["REPL"]


def test_the_searches_of_the_page_about_idm_are_answered(client: IonApiClient) -> None:
    with client:
        for query in block("sandbox-idm", "/M3_SupplierInvoice[").splitlines():
            asked = {"$query": query}
            answer = client.request(
                "GET", "/IDM/api/items/search", query=urlencode(asked, quote_via=quote)
            )
            assert answer.status == 200, answer.content
        document = block("sandbox-idm", '{"queries"')
        answer = client.request(
            "POST",
            "/IDM/api/items/search",
            headers={"Content-Type": "application/json"},
            body=document.encode(),
        )
        assert answer.status == 200, answer.content


def test_rows_are_loaded_into_m3_and_read_back(infor: Infor, folder: Path) -> None:
    supplier = {"SUNO": "80001", "SUNM": "Nordwerk", **SUPPLIER}
    rows = "\n".join(",".join(row) for row in (supplier, supplier.values()))
    (folder / "suppliers.csv").write_text(rows, encoding="utf-8")
    _run(block("m3-load", "ionport m3 load"))
    assert infor.m3.records("supplier", SUNO="80001")
    assert "20001" in _run(block("m3-load", "ionport m3 run"))


def test_the_first_calls_of_the_readme_run(
    client: IonApiClient, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with client:
        client.idm.create_item(INVOICE)
    _install, prove = block("README.md", "pip install .").splitlines()
    _run(prove)
    namespace: dict[str, Any] = {}
    exec(compile(block("README.md", "from ionport"), "README.md", "exec"), namespace)
    assert namespace["item"].entity_name == "M3_SupplierInvoice"
    assert "passed" in capsys.readouterr().out


def test_the_readmes_test_passes_where_the_exporter_tries_again(infor: Infor) -> None:
    def export(draft: ItemDraft, credentials: Path) -> None:
        with IonApiClient(IonApiFile.load(credentials)) as client:
            with suppress(ServiceError):
                client.idm.create_item(draft)
            with suppress(ServiceError):
                client.idm.create_item(draft)
            client.idm.create_item(draft)

    namespace: dict[str, Any] = {"export": export, "invoice": INVOICE}
    exec(compile(block("README.md", "def test_"), "README.md", "exec"), namespace)
    namespace["test_an_invoice_survives_a_busy_idm"](infor)


def test_other_runners_start_a_tenant_of_their_own() -> None:
    example = block("testing", "from ionport.testing.start").replace("…", "token = infor.token()")
    namespace: dict[str, Any] = {}
    exec(compile(example, "testing.md", "exec"), namespace)
    assert namespace["token"]


def test_the_mark_of_a_test_that_may_reach_a_tenant_names_its_hosts() -> None:
    example = block("testing", "@pytest.mark.infor_hosts").replace("…", "pass")
    namespace: dict[str, Any] = {"pytest": pytest}
    exec(compile(example, "testing.md", "exec"), namespace)
    (mark,) = namespace["test_against_our_tenant"].pytestmark
    assert mark.name == "infor_hosts"
    assert all("." in host for host in mark.args)


def test_the_settings_behind_a_proxy_are_taken() -> None:
    lines = block("behind-a-proxy", "IONPORT_PUBLIC_URL").splitlines()
    settings = load_settings(dict(line.split("=", 1) for line in lines))
    assert settings.public_url == "https://ionport.example"
    assert settings.trusted_proxies


def test_the_addresses_for_fetching_are_those_of_the_api() -> None:
    paths = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))["paths"]
    for line in block("other-targets", "GET  /api").splitlines():
        method, path = line.split()[:2]
        path = path.replace("DELIVERY", "{delivery_id}").replace("NUMBER", "{number}")
        assert method.lower() in paths[path], line
