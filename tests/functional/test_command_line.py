"""The walk by single commands, on two data folders, and what the commands say when they cannot."""

from __future__ import annotations

import json
import logging
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ionport import __version__
from ionport.application import open_application
from ionport.cli import main
from ionport.data_folder import DATABASE_FILE
from ionport.documents.intake.limits import MEGABYTE
from ionport.documents.samples import SAMPLES, read_sample
from ionport.ionapi import IonApiClient, IonApiFile
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from ionport.settings import Settings
from ionport.settings_reading import load_settings
from tests.support import sides
from tests.support.plugin_runs import run_python
from tests.unit.connections.conftest import credential

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    open_application(load_settings({}, data=tmp_path / "documents")).close()

    def invoke(
        *arguments: str, data: str = "documents", input_text: str = "", **env: str
    ) -> Result:
        return CliRunner().invoke(
            main, ["--data", str(tmp_path / data), *arguments], input=input_text, env=env
        )

    return invoke


def _json(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def _sample(folder: Path, name: str) -> str:
    path = folder / name
    path.write_bytes(read_sample(name))
    return str(path)


def _templates(folder: Path) -> tuple[str, str]:
    paths = []
    for kind in (MappingKind.IDM, MappingKind.BOD):
        name, content = own_template(kind)
        (folder / name).write_bytes(content)
        paths.append(str(folder / name))
    return paths[0], paths[1]


def test_the_walk_by_single_commands(run: Run, tmp_path: Path) -> None:
    with sides.infor_process(tmp_path / "infor") as infor:
        file = tmp_path / "DocBits_TST.ionapi"
        at_infor = {"data": "infor", "IONPORT_PUBLIC_URL": infor.url}
        created = run(
            "app", "create", "DocBits_TST", "--issue-refresh-tokens", "--json", **at_infor
        )
        assert json.loads(created.output)["name"] == "DocBits_TST"
        again = run("app", "create", "docbits_tst", **at_infor)
        assert again.exit_code == 1
        download = run("credentials", "download", "DOCBITS_tst", "--output", str(file), **at_infor)
        assert download.exit_code == 0, download.output
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        twice = run("credentials", "download", "DocBits_TST", "--output", str(file), **at_infor)
        assert (twice.exit_code, "exists already" in twice.output) == (1, True)

        assert run("connection", "prove", str(file)).exit_code == 0
        added = run("connection", "add", str(file), "--name", "Test tenant")
        assert "tenant IONPORT_TST, app DocBits_TST" in added.output
        checked = json.loads(run("connection", "prove", "Test tenant", "--json").output)
        assert checked["passed"]
        idm, bod = _templates(tmp_path)
        assert "version 1" in run("mapping", "add", idm, "--name", "idm").output
        assert "version 1" in run("mapping", "add", bod, "--name", "bod").output
        configured = run(
            "export", "configure", "Invoices", "--connection", "Test tenant",
            "--idm-mapping", "idm", "--bod-mapping", "bod",
        )  # fmt: skip
        assert "Infor IDM + ION BOD, active" in configured.output, configured.output
        assert "The tenant's" not in configured.output
        lacking = tmp_path / "lacking.properties"
        text = Path(idm).read_text()
        lacking.write_text(text.replace("=M3_InvoiceDate", "=M3_InvoiceDat"))
        assert lacking.read_text() != text
        assert run("mapping", "add", str(lacking), "--name", "lacking").exit_code == 0
        again = ("export", "configure", "Again", "--connection", "Test tenant",
                 "--idm-mapping", "lacking", "--bod-mapping", "bod", "--replace")  # fmt: skip
        told = json.loads(run(*again, "--json").output)["tenant"]
        assert "M3_InvoiceDat" in told["lacking"][0]["text"]
        assert told["unproved"] == ""
        back = ("export", "configure", "Back", *again[3:])
        said = run(*["idm" if part == "lacking" else part for part in back]).output
        assert "Infor IDM + ION BOD, active" in said, said
        invoice = _sample(tmp_path, SAMPLES[1])
        (row,) = json.loads(run("document", "add", invoice, "--json").output)
        ran = run("export", "run", row["id"])
        assert "Nothing runs deliveries now" in ran.output

        process = sides.document_process(tmp_path / "documents")
        try:
            assert sides.until(
                lambda: '"delivered"' in run("export", "status", row["id"], "--json").output,
                pause=0.3,
            )
        finally:
            process.stop()
        (status,) = json.loads(run("export", "status", row["id"], "--json").output)
        assert status["idm_pid"]
        assert status["message_id"]


def test_a_document_that_is_there_already_is_named(run: Run, tmp_path: Path) -> None:
    invoice = _sample(tmp_path, SAMPLES[0])
    (first,) = json.loads(run("document", "add", invoice, "--json").output)
    second = run("document", "add", invoice)
    assert second.exit_code == 1
    assert first["id"] in second.output


def test_users_and_the_set_up_link_from_the_command_line(run: Run) -> None:
    link = run("setup-link")
    assert "/set-up/" in link.output
    added = run(
        "user",
        "add",
        "anna",
        "--administrator",
        "--password-stdin",
        input_text="correct horse battery\n",
    )
    assert "Added anna" in added.output
    assert run("setup-link").exit_code == 1
    reset = run("user", "reset", "ANNA", "--password-stdin", input_text="another horse battery\n")
    assert "sessions have ended" in reset.output
    assert "/set-password/" in run("user", "reset", "ANNA").output
    assert "/set-password/" in run("user", "add", "carl", "--link").output
    assert (
        run(
            "user", "reset", "nobody", "--password-stdin", input_text="another horse battery\n"
        ).exit_code
        == 1
    )
    short = run("user", "add", "bert", "--password-stdin", input_text="short\n")
    assert (short.exit_code, "12" in short.output) == (1, True)


def _add_user(run: Run, name: str, *options: str) -> None:
    added = run("user", "add", name, *options, "--password-stdin", input_text="correct horse 12\n")
    assert added.exit_code == 0, added.output


def test_tenants_have_infors_shape_and_an_administrator(run: Run) -> None:
    _add_user(run, "anna")
    named = ("--administrator", "anna")
    alone = run("tenant", "create", "ACME_PRD")
    assert (alone.exit_code, "--administrator" in alone.output) == (2, True)
    assert "Created tenant ACME_PRD" in run("tenant", "create", "ACME_PRD", *named).output
    assert run("tenant", "create", "ACME_PRD", *named).exit_code == 1
    wrong = run("tenant", "create", "acme", *named)
    assert (wrong.exit_code, "ACME_TST" in wrong.output) == (1, True)
    assert [row["tenant"] for row in _json(run("tenant", "list", "--json"))] == [
        "ACME_PRD",
        "IONPORT_TST",
    ]
    table = run("tenant", "list").output.splitlines()
    assert table[0].split() == ["TENANT", "ENVIRONMENT", "CREATED"]
    (member,) = _json(run("user", "list", "--tenant", "ACME_PRD", "--json"))
    assert (member["username"], member["role"]) == ("anna", "IONAPI-Administrator")


def test_a_further_organization_has_an_administrator_who_changes_to_it(run: Run) -> None:
    _add_user(run, "anna", "--administrator")
    named = ("--administrator", "anna")
    assert run("organization", "create", "Werk Süd", "--administrator", "nobody").exit_code == 1
    made = _json(run("organization", "create", "Werk Süd", *named, "--json"))
    again = run("organization", "create", "werk süd", *named)
    assert (again.exit_code, "already" in again.output) == (1, True)
    assert run("organization", "create", " ", *named).exit_code == 1
    listed = _json(run("organization", "list", "--json"))
    assert (listed[-1], len(listed)) == (made, 2)


def test_roles_are_given_and_a_tenant_keeps_an_administrator(run: Run) -> None:
    _add_user(run, "anna", "--administrator")
    _add_user(run, "bert")
    assert run("user", "grant", "bert").exit_code == 2
    last = run("user", "grant", "anna", "--tenant-role", "user")
    assert (last.exit_code, "only IONAPI-Administrator" in last.output) == (1, True)
    granted = run(
        "user", "grant", "BERT", "--tenant-role", "ionapi-administrator",
        "--organization-role", "administrator", "--json",
    )  # fmt: skip
    assert _json(granted) == {
        "username": "bert",
        "tenant": "IONPORT_TST",
        "tenant_role": "IONAPI-Administrator",
        "organization_role": "administrator",
    }
    assert run("user", "grant", "anna", "--tenant-role", "user").exit_code == 0
    nobody = run("user", "grant", "nobody", "--tenant-role", "user")
    assert (nobody.exit_code, "no user 'nobody'" in nobody.output) == (1, True)


def test_a_list_has_pages(run: Run) -> None:
    for name in ("c_app", "a_app", "b_app"):
        assert run("app", "create", name).exit_code == 0
    first = run("app", "list", "--per-page", "2").output.splitlines()
    assert [line.split()[0] for line in first[:3]] == ["NAME", "a_app", "b_app"]
    assert first[3] == "Page 1 of 2, 3 in all (--page)."
    second = _json(run("app", "list", "--per-page", "2", "--page", "2", "--json"))
    assert [row["name"] for row in second] == ["c_app"]
    assert _json(run("app", "list", "--text", "nothing", "--json")) == []


def test_an_app_is_rotated_and_deleted(run: Run) -> None:
    created = _json(run("app", "create", "DocBits_TST", "--json"))
    rotated = _json(run("app", "rotate", "docbits_tst", "--overlap-hours", "1", "--json"))
    assert rotated["client_id"] == created["client_id"]
    assert len(rotated["client_secret"]) > 80
    assert run("app", "rotate", "DocBits_TST").output.count(rotated["client_secret"]) == 0
    assert run("app", "delete", "DocBits_TST", input_text="n\n").exit_code == 1
    assert run("app", "delete", "DocBits_TST", "--yes").exit_code == 0
    gone = run("app", "rotate", "DocBits_TST")
    assert (gone.exit_code, "no authorized app named" in gone.output) == (1, True)


def test_rotated_keys_open_everything_and_the_old_ring_does_not(run: Run, tmp_path: Path) -> None:
    assert run("app", "create", "DocBits_TST").exit_code == 0
    before = (tmp_path / "documents" / "keys.json").read_text(encoding="utf-8")
    rotated = run("rotate-keys")
    assert rotated.exit_code == 0, rotated.output
    file = tmp_path / "x.ionapi"
    assert run("credentials", "download", "DocBits_TST", "--output", str(file)).exit_code == 0
    (tmp_path / "documents" / "keys.json").write_text(before, encoding="utf-8")
    other = run("credentials", "download", "DocBits_TST", "--output", str(tmp_path / "y.ionapi"))
    assert (other.exit_code, "key file" in other.output) == (1, True)
    assert not (tmp_path / "y.ionapi").exists()


def test_tokens_of_the_old_signing_key_are_good_after_a_rotation(run: Run, tmp_path: Path) -> None:
    with sides.infor_process(tmp_path / "infor") as infor:
        name, content = sides.make_credentials(tmp_path / "infor", infor.url)
        (tmp_path / name).write_bytes(content)
        with IonApiClient(IonApiFile.parse(content)) as client:
            client.messaging.ping()
            rotated = run("rotate-keys", "--signing", data="infor")
            assert "New access tokens are signed with kg:" in rotated.output
            client.messaging.ping()
        assert run("connection", "check", str(tmp_path / name)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("worker",), "needs PostgreSQL"),
        (("connection", "prove", "nothing"), "no connection named"),
        (("connection", "check", "nosuch.ionapi"), "There is no such file: nosuch.ionapi"),
        (("export", "status", "nonsense"), "There is no such document"),
        (("export", "deactivate", "nothing"), "no export configuration named"),
        (("export", "retry", "nothing"), "There is no such delivery"),
        (
            ("export", "decide", "nothing", "there", "--reason", "seen"),
            "There is no such delivery",
        ),
        (("document", "show", "nothing"), "There is no such document"),
        (("mapping", "show", "nothing"), "no mapping file named"),
        (("credentials", "download", "nothing"), "no authorized app named"),
        (("export", "run", "doc_nothing"), "document"),
        (("export", "configure", "x", "--connection", "a", "--idm-mapping", "b"), "no connection"),
        (("up", "--host", "203.0.113.1", "--port", "1"), "Cannot listen"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_clear_message(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output


def test_adding_goes_on_after_a_file_that_is_refused(run: Run, tmp_path: Path) -> None:
    large = tmp_path / "large.xml"
    large.write_bytes(b"<a>" + b" " * Settings().max_file_mb * MEGABYTE + b"</a>")
    wrong = tmp_path / "wrong.xml"
    wrong.write_bytes(b"<a/>")
    files = [str(large), str(wrong), _sample(tmp_path, SAMPLES[0]), _sample(tmp_path, SAMPLES[1])]
    added = run("document", "add", *files, "--json")
    assert added.exit_code == 1
    rows = json.loads(added.stdout)
    assert [row["file"] for row in rows] == [Path(file).name for file in files]
    assert "the limit of one file" in rows[0]["error"]
    assert "root element is a" in rows[1]["error"]
    assert all(row["id"].startswith("doc_") for row in rows[2:])
    told = run("document", "add", str(large), str(wrong))
    assert told.exit_code == 1
    assert [line.partition(":")[0] for line in told.stdout.splitlines()] == [
        "large.xml",
        "wrong.xml",
    ]


def test_a_watched_folder_is_looked_into_by_command(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    added = run("intake", "add-folder", "Scans", str(folder))
    assert added.output.count("✓") == 3, added.output
    (folder / "bad.xml").write_bytes(b"<a/>")
    _sample(folder, SAMPLES[0])
    ran = run("intake", "run", "Scans", "--json")
    assert ran.exit_code == 1
    assert {row["file"]: row["result"] for row in json.loads(ran.stdout)} == {
        "bad.xml": "refused",
        SAMPLES[0]: "received",
    }
    logged = json.loads(run("intake", "log", "Scans", "--json").stdout)
    assert {row["file"] for row in logged} == {"bad.xml", SAMPLES[0]}
    (document,) = (row["documents"][0] for row in logged if row["documents"])
    out = tmp_path / "document.zip"
    assert run("document", "archive", document, "-o", str(out)).exit_code == 0
    assert out.read_bytes().startswith(b"PK")
    folder.rename(tmp_path / "gone")
    assert run("intake", "test", "Scans").exit_code == 1
    assert "cannot be used" in run("intake", "run", "Scans").output
    assert run("intake", "remove", "Scans").exit_code == 0
    assert "No sources" in run("intake", "list").output


def _configure_without_proof(run: Run, folder: Path) -> None:
    file = folder / "x.ionapi"
    file.write_bytes(credential())
    run("connection", "add", str(file), "--name", "Test tenant")
    for path, name in zip(_templates(folder), ("idm", "bod"), strict=True):
        run("mapping", "add", path, "--name", name)
    made = run(
        "export", "configure", "Invoices", "--connection", "Test tenant", "--idm-mapping", "idm",
        "--bod-mapping", "bod", "--all-the-same", "nobody is asked here",
    )  # fmt: skip
    assert made.exit_code == 0, made.output


def test_running_exports_reports_each_document_and_names_what_is_held(
    run: Run, tmp_path: Path
) -> None:
    held_file = tmp_path / "held.xml"
    right, wrong = b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount"
    held_file.write_bytes(read_sample(SAMPLES[0]).replace(right, wrong))
    (held,) = json.loads(run("document", "add", str(held_file), "--json").output)
    assert held["status"] == "ready_for_validation"
    assert "Amounts Mismatch" in held["findings"]
    (free,) = json.loads(run("document", "add", _sample(tmp_path, SAMPLES[1]), "--json").output)
    _configure_without_proof(run, tmp_path)
    ran = run("export", "run", held["id"], "doc_nowhere", free["id"])
    assert ran.exit_code == 1
    assert f"{held['id']}: held. held.xml" in ran.output
    assert "Amounts Mismatch" in ran.output
    assert "--accept-findings REASON" in ran.output
    assert "doc_nowhere: refused. There is no such document." in ran.output
    assert f"{free['id']}: dlv_" in ran.output
    accepted = run("export", "run", held["id"], "--accept-findings", "agreed by phone")
    assert accepted.exit_code == 0, accepted.output
    assert f"{held['id']}: dlv_" in accepted.output


def test_what_was_added_is_listed_shown_and_steered(run: Run, tmp_path: Path) -> None:
    (row,) = _json(run("document", "add", _sample(tmp_path, SAMPLES[1]), "--json"))
    _configure_without_proof(run, tmp_path)
    (listed,) = _json(run("document", "list", "--json"))
    assert listed["id"] == row["id"]
    assert _json(run("document", "list", "--status", "exported", "--json")) == []
    shown = _json(run("document", "show", row["id"], "--json"))
    assert shown["fields"]["invoice_id"] == listed["number"]
    assert shown["timeline"]
    assert listed["number"] in run("document", "show", row["id"]).output
    assert [each["name"] for each in _json(run("mapping", "list", "--json"))] == ["bod", "idm"]
    assert _json(run("mapping", "show", "idm", "--json"))["version"] == 1
    text = run("mapping", "show", "idm", "--text").stdout
    assert text == own_template(MappingKind.IDM)[1].decode()
    (connection,) = _json(run("connection", "list", "--json"))
    assert (connection["name"], connection["proof"]) == ("Test tenant", "missing")
    paused = run("connection", "pause", "Test tenant", "--reason", "Month-end")
    assert (paused.exit_code, "Paused Test tenant" in paused.output) == (0, True)
    assert _json(run("connection", "list", "--json"))[0]["paused"] == "Month-end"
    assert run("connection", "resume", "Test tenant").exit_code == 0
    assert _json(run("connection", "list", "--json"))[0]["paused"] == ""
    used = run("connection", "delete", "Test tenant", "--yes")
    assert (used.exit_code, "used by: Invoices" in used.output) == (1, True)

    (delivery,) = _json(run("export", "run", row["id"], "--json"))
    assert run("export", "retry", delivery["delivery"]).exit_code == 1
    (cancelled,) = _json(run("export", "cancel", delivery["delivery"], "--json"))
    assert cancelled["status"] == "cancelled"
    (again,) = _json(run("export", "retry", delivery["delivery"], "--json"))
    assert again["status"] == "pending"
    with closing(sqlite3.connect(tmp_path / "documents" / DATABASE_FILE)) as database, database:
        text = "SUNO: supplier 4 does not exist"
        values = ("failed", "m3_refused", text, delivery["delivery"])
        database.execute(
            "UPDATE deliveries SET status = ?, error_code = ?, error_text = ?,"
            " finished_at = created_at WHERE id = ?",
            values,
        )
    decided = run("export", "decide", delivery["delivery"], "not-there", "--reason", "looked")
    assert (decided.exit_code, "without an answer" in decided.output) == (1, True)
    (cause,) = _json(run("export", "errors", "--json"))
    assert (cause["cause"], cause["deliveries"]) == ("supplier_unknown", 1)
    all_again = run("export", "retry", "--cause", cause["cause"], "--json")
    assert (all_again.exit_code, _json(all_again)) == (0, {"tried": 1, "refused": {}, "left": 0})
    assert run("export", "retry", "--cause", cause["cause"]).exit_code == 1
    status = run("export", "status", row["id"]).output.splitlines()
    assert status[0].split()[:3] == ["DELIVERY", "DOCUMENT", "CONFIGURATION"]
    assert _json(run("export", "deactivate", "invoices", "--json"))["active"] is False
    assert _json(run("export", "list", "--active", "--json")) == []
    (configuration,) = _json(run("export", "list", "--json"))
    assert (configuration["title"], configuration["active"]) == ("Invoices", False)


def test_a_name_from_outside_does_not_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in\x1b[2Jvoice.xml"
    file.write_bytes(read_sample(SAMPLES[1]))
    assert run("document", "add", str(file)).exit_code == 0
    assert "\x1b" not in run("document", "list").output


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").output == f"ionport {__version__}\n"


def test_the_base_install_proves_a_file_and_says_what_else_needs(tmp_path: Path) -> None:
    file = tmp_path / "x.ionapi"
    file.write_bytes(credential())
    script = (
        "import sys\nfrom click.testing import CliRunner\nfrom ionport.cli import main\n"
        "for name in ('sqlalchemy', 'starlette', 'lxml', 'alembic'):\n"
        "    sys.modules[name] = None\n"
        "for arguments in (['prove', 'nosuch.ionapi'], ['prove', 'a connection'],\n"
        f"                  ['add', {str(file)!r}], ['prove', {str(tmp_path / 'x.ionapi')!r}]):\n"
        "    result = CliRunner().invoke(main, ['connection', *arguments])\n"
        "    print(result.exit_code, type(result.exception).__name__, result.output)\n"
    )
    told = run_python(script).splitlines()
    assert told[0] == "1 SystemExit Error: There is no such file: nosuch.ionapi"
    needs = "1 SystemExit Error: 'ionport connection' needs the extra 'server'"
    assert sum(line.startswith(needs) for line in told) == 2
    assert any("ION API file" in line for line in told)


def test_companies_suppliers_and_document_types_are_kept_by_commands(
    run: Run, tmp_path: Path
) -> None:
    assert "No companies" in run("company", "list").output
    for company in (("South AG", "--vat-id", "DE987654321"), ("Holding", "--main", "--gln", "7")):
        added = run("company", "add", *company, "--cono", "1")
        assert (added.exit_code, "GLN" in added.output) == (
            (1, True) if "7" in company else (0, False)
        )
    assert _json(run("company", "change", "south ag", "--divi", "aaa", "--json"))["divi"] == "AAA"
    assert _json(run("company", "show", "South AG", "--json"))["cono"] == "1"

    file = tmp_path / "suppliers.csv"
    file.write_text("number;name;iban\n1;Nordwerk;DE89370400440532013000\n2;Bad;DE00\n")
    refused = run("supplier", "import", str(file))
    assert (refused.exit_code, "Line 3: DE00 is no IBAN" in refused.output) == (1, True)
    file.write_text("number;name;iban\n1;Nordwerk;DE89370400440532013000\n")
    assert "Would be added: 1" in run("supplier", "import", str(file), "--dry-run").output
    assert _json(run("supplier", "list", "--json")) == []
    assert _json(run("supplier", "import", str(file), "--json"))["added"] == 1
    exported = run("supplier", "export").output
    assert exported.splitlines() == [
        "number,name,vat_id,tax_number,gln,ibans,category",
        "1,Nordwerk,,,,DE89370400440532013000,",
    ]

    kept = run("document-type", "effect", "invoice", "unknown_account", "notes")
    assert (kept.exit_code, "always holds" in kept.output) == (1, True)
    assert run("document-type", "effect", "INVOICE", "first_account", "holds").exit_code == 0
    run("document-type", "approvals", "INVOICE", "--first-from", "1000")
    settings = tmp_path / "invoice.json"
    run("document-type", "export", "INVOICE", "--output", str(settings))
    assert json.loads(settings.read_text())["effects"] == {"first_account": "holds"}
    run("document-type", "effect", "INVOICE", "first_account", "default")
    assert (
        _json(run("document-type", "import", str(settings), "--json"))["approvals"]["first_from"]
        == "1000"
    )
    (listed, *_others) = sorted(
        _json(run("document-type", "list", "--json")), key=lambda row: -row["effects"]
    )
    assert (listed["id"], listed["effects"]) == ("INVOICE", 1)
    assert run("company", "delete", "South AG", "--yes").exit_code == 0
