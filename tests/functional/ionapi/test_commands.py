"""`ionport idm`, `ionport ion` and `ionport m3 run` with an .ionapi file against the sandbox: what
they print, how they end, and one sign-on for all of them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ionport.cli import main
from ionport.ionapi import Exchange, IonApiClient, IonApiFile, ItemDraft, ItemQuery
from ionport.manual import read_page
from ionport.testing.infor import Infor

TYPE = "M3_SupplierInvoice"
NUMBER = "BOD_SupplierInvoiceID"
TRICKY = 'a"] UNION /MDS_File[@MDS_ID = "x'
BOD = b"<SyncSupplierInvoice xmlns='http://schema.infor.com/InforOAGIS/2'/>"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tokens"
    monkeypatch.setenv("IONPORT_TOKEN_CACHE", str(folder))
    return folder


@pytest.fixture
def invoice(tmp_path: Path) -> Path:
    path = tmp_path / "invoice.xml"
    path.write_bytes(b"<Invoice/>")
    return path


def _ionport(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def _put(invoice: Path, credential: Path, number: str, *more: object) -> Result:
    return _ionport("idm", "put", TYPE, invoice, f"{NUMBER}={number}", "--with", credential, *more)


def _search(credential: Path, *more: object) -> Result:
    return _ionport("idm", "search", TYPE, *more, "--with", credential)


def test_an_item_is_put_found_shown_and_its_file_saved(
    infor: Infor, credential: Path, invoice: Path, tmp_path: Path
) -> None:
    put = _put(invoice, credential, "471102", "--acl", "Public")
    assert put.exit_code == 0, put.output
    pid = put.stdout.strip()
    assert infor.idm.item(TYPE).content == b"<Invoice/>"

    found = _search(credential, f"{NUMBER}=471102", "--columns", NUMBER)
    head, row = found.stdout.splitlines()
    assert head.split() == ["PID", "CHANGED", "BOD", "SUPPLIERINVOICEID"]
    assert row.split()[0] == pid
    assert row.split()[-1] == "471102"

    shown = _ionport("idm", "get", pid, "--with", credential)
    assert "invoice.xml" in shown.stdout
    assert "471102" in shown.stdout

    target = tmp_path / "saved.xml"
    saved = _ionport("idm", "get", pid, "--file", target, "--with", credential)
    assert saved.exit_code == 0
    assert target.read_bytes() == b"<Invoice/>"
    again = _ionport("idm", "get", pid, "--file", target, "--with", credential)
    assert again.exit_code == 1
    assert "--overwrite" in again.stderr
    piped = _ionport("idm", "get", pid, "--file", "-", "--with", credential)
    assert piped.stdout_bytes == b"<Invoice/>"


def test_once_makes_one_item_however_often_it_runs(
    infor: Infor, credential: Path, invoice: Path
) -> None:
    pids = {_put(invoice, credential, "1", "--once", NUMBER).stdout for _ in range(3)}
    assert len(pids) == 1
    assert len(infor.idm.items(TYPE)) == 1
    told = json.loads(_put(invoice, credential, "1", "--once", NUMBER, "--json").stdout)
    assert told["created_now"] is False
    assert told["files"][0]["filename"] == "invoice.xml"


def test_a_condition_never_becomes_a_part_of_the_query(
    infor: Infor, credential: Path, invoice: Path
) -> None:
    for number in (TRICKY, "other"):
        assert _put(invoice, credential, number).exit_code == 0
    (found,) = json.loads(_search(credential, f"{NUMBER}={TRICKY}", "--json").stdout)
    assert {"name": NUMBER, "value": TRICKY} in found["attributes"]


def test_the_query_builder_narrows_and_orders(infor: Infor, credential: Path) -> None:
    with IonApiClient(IonApiFile.load(credential)) as client:
        for number in ("10", "11", "20", 'quo"te'):
            client.idm.create_item(ItemDraft(TYPE, ((NUMBER, number),)))
        client.idm.create_item(ItemDraft(TYPE))

        def numbers(query: ItemQuery) -> list[str | None]:
            return [item.attribute(NUMBER) for item in client.idm.search(query)]

        every = ItemQuery(TYPE)
        assert numbers(every.like(NUMBER, "1%").sorted_by(NUMBER, descending=True)) == ["11", "10"]
        assert numbers(every.one_of(NUMBER, ["20", 'quo"te']).sorted_by(NUMBER)) == ["20", 'quo"te']
        assert numbers(every.where(NUMBER, ">=", "11").where(NUMBER, "<", "3")) == ["11", "20"]
        assert len(numbers(every.given(NUMBER))) == 4
        assert numbers(every.missing(NUMBER)) == [None]
    lines = _search(credential, f"{NUMBER}~1%", "--sort", f"-{NUMBER}", "--columns", NUMBER).stdout
    assert [line.split()[-1] for line in lines.splitlines()[1:]] == ["11", "10"]
    assert len(json.loads(_search(credential, f"{NUMBER}!=", "--json").stdout)) == 4
    assert len(json.loads(_search(credential, f"{NUMBER}=", "--json").stdout)) == 1
    more = _search(credential, "--most", "2")
    assert "There may be more: --offset 2" in more.stdout


def test_a_large_file_goes_up_and_comes_down_in_pieces(
    infor: Infor, credential: Path, tmp_path: Path
) -> None:
    size = 12_000_001
    large, back = tmp_path / "large.bin", tmp_path / "back.bin"
    large.write_bytes(bytes(range(256)) * (size // 256) + bytes(size % 256))
    draft = ItemDraft(TYPE, ((NUMBER, "large"),), (("large.bin", large), ("second.txt", b"2nd")))
    shown: list[Exchange] = []
    pieces: list[bytes] = []
    with IonApiClient(IonApiFile.load(credential), on_exchange=shown.append) as client:
        pid = client.idm.create_item(draft).pid
        client.idm.download_to(pid, pieces.append, limit=size)
    assert b"".join(pieces) == large.read_bytes()
    assert max(map(len, pieces)) <= 1_000_000
    (create,) = [each for each in shown if each.method == "POST" and not each.login]
    assert f"[{size} bytes, SHA-256 " in create.request_body
    assert create.request_size > size * 4 / 3
    assert shown[-1].response_size == size
    get = ("idm", "get", pid, "--with", credential, "--file", back)
    assert _ionport(*get, "--resource", "File2").exit_code == 0
    assert back.read_bytes() == b"2nd"
    refused = _ionport(*get, "--resource", "File9", "--overwrite")
    assert "Its other files: File2." in refused.stderr
    assert back.read_bytes() == b"2nd"


def test_a_document_is_sent_to_ion(infor: Infor, credential: Path, tmp_path: Path) -> None:
    client_id = json.loads(credential.read_text())["ci"]
    sender = infor.ion.add_connection_point("exporter", client_id, "Sync.SupplierInvoice")
    path = tmp_path / "bod.xml"
    path.write_bytes(BOD)
    command = ("ion", "send", path, "Sync.SupplierInvoice", "--from", sender, "--with", credential)
    sent = _ionport(*command, "--message-id", "abc-1", "--custom", "Custom_Shop=7")
    assert sent.exit_code == 0, sent.output
    assert "Message id abc-1" in sent.stderr
    assert infor.ion.message("Sync.SupplierInvoice").bod == BOD
    told = json.loads(_ionport(*command, "--json").stdout)
    assert told["message_id"] != "abc-1"
    assert told["status"] == "OK"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("idm", "search", "no type"), "cannot be a name in IDM"),
        (("idm", "search", TYPE, "=x"), "is no condition"),
        (("idm", "search", "Nothing_Known"), "Document Types"),
        (("idm", "get", f"{TYPE}-999-0-LATEST"), "IDM"),
        (("m3", "run", "NO PROGRAM", "Get"), "is no name of a program"),
        (("m3", "run", "CRS620MI", "GetBasicData", "SUNO=nobody"), "M3"),
    ],
)
def test_what_is_refused_ends_with_its_remedy(
    infor: Infor, credential: Path, arguments: tuple[str, ...], text: str
) -> None:
    refused = _ionport(*arguments, "--with", credential)
    assert refused.exit_code in (1, 2)
    assert text in refused.stderr
    assert "Traceback" not in refused.output
    if refused.exit_code == 1:
        told = json.loads(_ionport(*arguments, "--with", credential, "--json").stdout)["error"]
        assert told["message"]
        assert told["sent"] is False


def test_the_exit_status_says_whether_it_may_have_been_done(
    infor: Infor, credential: Path, invoice: Path
) -> None:
    infor.faults.add("cut-after-commit", service="IDM", times=1)
    lost = _put(invoice, credential, "1")
    assert lost.exit_code == 3
    assert "look there before you repeat it" in lost.stderr
    infor.faults.add("too-many-requests", service="IDM", times=2)
    later = _put(invoice, credential, "2", "--json")
    assert later.exit_code == 4
    assert json.loads(later.stdout)["error"]["transient"] is True
    assert _search(credential).exit_code == 4
    infor.faults.add("cut-after-commit", service="IDM", times=1)
    assert _search(credential).exit_code == 4


def test_commands_one_after_another_sign_on_once(
    infor: Infor, credential: Path, invoice: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        assert _put(invoice, credential, str(number)).exit_code == 0
        assert _search(credential).exit_code == 0
    logins = [call for call in infor.recorder.calls() if "token.oauth2" in call.path]
    assert len(logins) == 1
    assert {path.suffix for path in cache.iterdir()} == {".json", ".lock"}
    monkeypatch.setenv("IONPORT_TOKEN_CACHE", "off")
    assert _search(credential).exit_code == 0
    assert len([call for call in infor.recorder.calls() if "token.oauth2" in call.path]) == 2


def test_a_cache_that_cannot_be_used_is_told(
    infor: Infor, credential: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("IONPORT_TOKEN_CACHE", str(tmp_path / "file" / "x"))
    refused = _search(credential)
    assert refused.exit_code == 1
    assert "IONPORT_TOKEN_CACHE" in refused.stderr
    monkeypatch.delenv("IONPORT_TOKEN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    without_home = _search(credential)
    assert without_home.exit_code == 0
    assert "Tokens are not kept" in without_home.stderr
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert _search(credential).exit_code == 0
    assert (tmp_path / "cache/ionport/tokens").is_dir()


def test_a_file_that_is_no_credential_is_explained(tmp_path: Path) -> None:
    wrong = tmp_path / "x.ionapi"
    wrong.write_text('{"ti": "A"}')
    refused = _search(wrong)
    assert refused.exit_code == 1
    assert "cs is missing" in refused.stderr
    assert "There is no such file" in _search(tmp_path / "none.ionapi").stderr


def test_every_command_of_the_manual_runs(
    infor: Infor, credential: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the page; the credential and the item's PID are those of this tenant."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "invoice.pdf").write_bytes(b"%PDF-1.7 the invoice")
    (tmp_path / "bod.xml").write_bytes(BOD)
    monkeypatch.setenv("IONPORT_IONAPI", str(credential))
    blocks = re.findall(r"```shell\n(.*?)```", read_page("client-commands").text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [shlex.split(line.partition(" > ")[0].partition(" >> ")[0]) for line in lines]
    pid = "M3_SupplierInvoice-1-1-LATEST"
    for _ionport_name, *words in (each for each in commands if each[0] == "ionport"):
        words = [credential if "DocBits_TST" in word else word for word in words]
        done = _ionport(
            *[pid if word == "M3_SupplierInvoice-1-1-LATEST" else word for word in words]
        )
        assert done.exit_code == 0, f"{words}: {done.output}"
        if words[:2] == ["idm", "put"]:
            pid = done.stdout.strip()
    assert (tmp_path / "saved.pdf").read_bytes() == b"%PDF-1.7 the invoice"
    assert len(infor.ion.messages("Sync.SupplierInvoice")) == 1
