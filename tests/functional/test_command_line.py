"""The walk by single commands, on two data folders, and what the commands say when they cannot."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ionport.cli import main
from ionport.documents.samples import SAMPLES, read_sample
from ionport.ionapi import IonApiClient, IonApiFile
from ionport.mappings.files import own_template
from ionport.mappings.model import MappingKind
from tests.support import sides
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
    def invoke(
        *arguments: str, data: str = "documents", input_text: str = "", **env: str
    ) -> Result:
        return CliRunner().invoke(
            main, ["--data", str(tmp_path / data), *arguments], input=input_text, env=env
        )

    return invoke


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

        assert run("connection", "check", str(file)).exit_code == 0
        added = run("connection", "add", str(file), "--name", "Test tenant")
        assert "tenant IONPORT_TST, app DocBits_TST" in added.output
        checked = json.loads(run("connection", "check", "Test tenant", "--json").output)
        assert checked["passed"]
        idm, bod = _templates(tmp_path)
        assert "version 1" in run("mapping", "add", idm, "--name", "idm").output
        assert "version 1" in run("mapping", "add", bod, "--name", "bod").output
        configured = run(
            "export", "configure", "Invoices", "--connection", "Test tenant",
            "--idm-mapping", "idm", "--bod-mapping", "bod",
        )  # fmt: skip
        assert "Infor IDM + ION BOD, active" in configured.output, configured.output
        invoice = _sample(tmp_path, SAMPLES[1])
        (row,) = json.loads(run("document", "add", invoice, "--json").output)
        ran = run("export", "run", row["id"])
        assert "Nothing runs deliveries now" in ran.output

        process = sides.document_process(tmp_path / "documents")
        try:
            assert sides.until(
                lambda: '"delivered"' in run("export", "status", row["id"], "--json").output,
                30,
                0.3,
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
    assert (
        run(
            "user", "reset", "nobody", "--password-stdin", input_text="another horse battery\n"
        ).exit_code
        == 1
    )
    short = run("user", "add", "bert", "--password-stdin", input_text="short\n")
    assert (short.exit_code, "12" in short.output) == (1, True)


def test_tenants_have_infors_shape(run: Run) -> None:
    assert "Created tenant ACME_PRD" in run("tenant", "create", "ACME_PRD").output
    assert run("tenant", "create", "ACME_PRD").exit_code == 1
    wrong = run("tenant", "create", "acme")
    assert (wrong.exit_code, "ACME_TST" in wrong.output) == (1, True)


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
        (("connection", "check", "nothing"), "no connection named"),
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
    large.write_bytes(b"<a>" + b" " * 20_000_000 + b"</a>")
    wrong = tmp_path / "wrong.xml"
    wrong.write_bytes(b"<a/>")
    files = [str(large), str(wrong), _sample(tmp_path, SAMPLES[0]), _sample(tmp_path, SAMPLES[1])]
    added = run("document", "add", *files, "--json")
    assert added.exit_code == 1
    rows = json.loads(added.stdout)
    assert [row["file"] for row in rows] == [Path(file).name for file in files]
    assert "at most 20000000 are accepted" in rows[0]["error"]
    assert "root element is a" in rows[1]["error"]
    assert all(row["id"].startswith("doc_") for row in rows[2:])
    told = run("document", "add", str(large), str(wrong))
    assert told.exit_code == 1
    assert [line.partition(":")[0] for line in told.stdout.splitlines()] == [
        "large.xml",
        "wrong.xml",
    ]


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
