"""`ionport sandbox …` as a test-suite in another language uses it: a process and its commands."""

from __future__ import annotations

import json
import shlex
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner, Result

from ionport.cli import main
from ionport.ionapi import IonApiClient, IonApiFile, ItemDraft, ServiceError
from tests.support import sides
from tests.support.manual_blocks import block
from tests.support.plugin_runs import run_python

Run = Callable[..., Result]
EXAMPLE = Path(__file__).parents[3] / "examples" / "shell" / "sandbox.sh"
ITEM = ItemDraft("M3_SupplierInvoice", (("BOD_SupplierInvoiceID", "471102"),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[sides.Process]:
    process = _start(folder)
    yield process
    assert process.stop() == 0


def _start(folder: Path) -> sides.Process:
    shown = block("testing", "ionport --data .sandbox sandbox up")
    arguments = shlex.split(shown.replace(".sandbox", str(folder)).replace("8400", "0"))[1:]
    process = sides.start_ionport(arguments, {}, folder.with_suffix(".log"))
    assert sides.until((folder / "sandbox-access.json").exists)
    assert httpx2.get(f"{process.url}/healthz", timeout=30).status_code == 200
    return process


@pytest.fixture
def run(folder: Path) -> Run:
    def invoke(*arguments: str, data: Path = folder, answer: str = "", **env: str) -> Result:
        command = ["--data", str(data), "sandbox", *arguments]
        return CliRunner().invoke(main, command, input=answer, env=env)

    return invoke


@pytest.fixture
def client(folder: Path, server: sides.Process, run: Run) -> Iterator[IonApiClient]:
    with IonApiClient(IonApiFile.load(folder / "sandbox.ionapi")) as client:
        client.messaging.ping()
        assert run("reset", "--yes").exit_code == 0
        yield client


def test_the_credentials_it_leaves_are_private_and_open_the_server(
    folder: Path, server: sides.Process, client: IonApiClient
) -> None:
    for name in ("sandbox.ionapi", "sandbox-access.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert client.idm.create_item(ITEM).entity_name == "M3_SupplierInvoice"


def test_the_commands_of_the_manual_steer_the_server(
    folder: Path, client: IonApiClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = block("testing", "ionport --data .sandbox sandbox reset").splitlines()
    outputs = []
    for line in lines:
        words = shlex.split(line.replace(".sandbox", str(folder)))[1:]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, f"{line}\n{done.output}"
        outputs.append(done.output)
        if "add status" in line:
            with pytest.raises(ServiceError):
                client.idm.create_item(ITEM)
    assert "applied to 1 of 1" in outputs[2]
    assert json.loads(outputs[4])[0]["status"] == 503
    assert json.loads((tmp_path / "calls.har").read_text(encoding="utf-8"))["log"]["entries"]


def test_calls_are_printed_newest_first_and_exported(
    run: Run, client: IonApiClient, tmp_path: Path
) -> None:
    assert run("record").output == "No calls recorded.\n"
    client.messaging.ping()
    client.idm.create_item(ITEM)
    first, second = run("record").output.splitlines()
    assert first.endswith("200  POST /IONPORT_TST/IDM/api/items  create item")
    assert second.endswith("ping")
    assert run("record", "--service", "IDM").output.splitlines() == [first]
    assert run("record", "--failed").output == "No calls recorded.\n"
    limited = run("record", "--limit", "1").output.splitlines()
    assert limited == [first, "… and 1 earlier ones (--limit, --har)."]
    (call,) = json.loads(run("record", "--operation", "create item", "--json").output)
    assert call["status"] == 200
    archive = tmp_path / "calls.har"
    assert run("record", "--har", str(archive)).output == f"Wrote 2 calls to {archive}.\n"
    assert len(json.loads(archive.read_text(encoding="utf-8"))["log"]["entries"]) == 2
    assert json.loads(run("record", "--har", "-").output)["log"]["version"] == "1.2"


def test_an_added_fault_applies_to_the_next_call(run: Run, client: IonApiClient) -> None:
    added = run("faults", "add", "status", "--service", "IDM", "--times", "1", "--status", "502")
    assert added.exit_code == 0, added.output
    with pytest.raises(ServiceError) as refused:
        client.idm.create_item(ITEM)
    assert refused.value.status == 502
    client.idm.create_item(ITEM)
    assert run("record", "--status", "502").output.rstrip().endswith("create item  [status]")
    assert "next 1  applied to 1 of 1  (off)" in run("faults", "list").output
    (rule,) = json.loads(run("faults", "list", "--json").output)
    assert f"Removed {rule['id']}." in run("faults", "clear", rule["id"]).output
    assert run("faults", "list").output == "No fault rules.\n"


def test_every_option_of_a_fault_reaches_the_rule(run: Run, client: IonApiClient) -> None:
    run(
        *("faults", "add", "slow-body", "--operation", "ping", "--method", "GET"),
        *("--path", "*/ping", "--probability", "0.5", "--seed", "7", "--seconds", "0.25"),
        *("--name", "slow"),
    )
    run("faults", "add", "html", "--every", "3", "--body", "<p>x</p>", "--after-commit")
    slow, html = json.loads(run("faults", "list", "--json").output)
    assert (slow["trigger"], slow["figure"], slow["seed"]) == ("probability", 0.5, 7)
    assert (slow["operation"], slow["method"], slow["path"]) == ("ping", "GET", "*/ping")
    assert (slow["seconds"], slow["name"]) == (0.25, "slow")
    assert (html["trigger"], html["figure"], html["body"]) == ("every", 3, "<p>x</p>")
    assert html["after_commit"]
    assert run("faults", "clear").output == "Removed every fault rule.\n"


def test_a_reset_asks_first(run: Run, client: IonApiClient) -> None:
    client.messaging.ping()
    refused = run("reset", answer="n\n")
    assert (refused.exit_code, "Aborted" in refused.output) == (1, True)
    assert "ping" in run("record").output
    assert "Removed" in run("reset", answer="y\n").output
    assert run("record").output == "No calls recorded.\n"


def test_another_machine_names_address_tenant_and_key(
    run: Run, folder: Path, client: IonApiClient, tmp_path: Path
) -> None:
    access = json.loads((folder / "sandbox-access.json").read_text(encoding="utf-8"))
    env = {f"IONPORT_CONTROL_{name.upper()}": value for name, value in access.items()}
    assert run("record", data=tmp_path, **env).output == "No calls recorded.\n"
    wrong = run("record", data=tmp_path, **{**env, "IONPORT_CONTROL_KEY": "ctl_wrong"})
    assert (wrong.exit_code, "no control key" in wrong.output) == (1, True)
    part = run("record", "--url", access["url"], data=tmp_path)
    assert (part.exit_code, "together" in part.output) == (1, True)
    away = run("record", data=tmp_path, **{**env, "IONPORT_CONTROL_URL": "http://127.0.0.1:1"})
    assert (away.exit_code, "does not answer" in away.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("faults", "add", "status", "--status", "7"), "status: A status from 200 to 599."),
        (("faults", "add", "status", "--times", "1", "--every", "2"), "Choose one of"),
        (("faults", "add", "no-such-kind"), "no-such-kind"),
        (("faults", "clear", "fault_nothing"), "no such fault rule"),
        (("record", "--har", "/no/such/folder/calls.har"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_clearly(
    run: Run, client: IonApiClient, arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert words in result.output
    assert "Traceback" not in result.output


def test_without_a_server_the_commands_say_how_to_start_one(run: Run, tmp_path: Path) -> None:
    result = run("record", data=tmp_path)
    assert (result.exit_code, "ionport sandbox up" in result.output) == (1, True)


def test_a_restart_keeps_credentials_and_refuses_a_strange_file(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    process = _start(folder)
    before = json.loads((folder / "sandbox.ionapi").read_text(encoding="utf-8"))
    assert process.stop() == 0
    assert not (folder / "sandbox-access.json").exists()
    process = _start(folder)
    after = json.loads((folder / "sandbox.ionapi").read_text(encoding="utf-8"))
    process.stop()
    # The port is another one, and the file with it; the app is the same.
    assert (after["ci"], after["iu"]) == (before["ci"], process.url)
    strange = tmp_path / "other.ionapi"
    strange.write_text("{}", encoding="utf-8")
    refused = CliRunner().invoke(
        main,
        ["--data", str(folder), "sandbox", "up", "--port", "0", "--credentials", str(strange)],
    )
    assert (refused.exit_code, "exists already" in refused.output) == (1, True)
    assert strange.read_text(encoding="utf-8") == "{}"


def test_the_commands_need_no_server_packages() -> None:
    script = (
        "import sys\nfrom click.testing import CliRunner\nfrom ionport.cli import main\n"
        "for name in ('sqlalchemy', 'uvicorn', 'starlette'): sys.modules[name] = None\n"
        "result = CliRunner().invoke(main, ['--data', '/nowhere', 'sandbox', 'record'])\n"
        "print(result.output)\n"
        "result = CliRunner().invoke(main, ['--data', '/nowhere', 'sandbox', 'up'])\n"
        "print(result.output)\n"
    )
    output = run_python(script)
    assert "No sandbox serves the data folder /nowhere" in output
    assert "'ionport sandbox up' needs the extra 'testing' (missing: " in output


def test_the_sandbox_serves_without_the_packages_of_the_pages(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom ionport.cli import main\n"
        "for name in ('jinja2', 'markdown_it', 'segno', 'yaml', 'uvloop', 'dbos', 'psycopg'):\n"
        "    sys.modules[name] = None\n"
        "main()\n"
    )
    folder = tmp_path / "data"
    arguments = ["-c", script, "--data", str(folder), "sandbox", "up", "--port", "0"]
    process = sides.start(arguments, {}, tmp_path / "server.log")
    try:
        with IonApiClient(IonApiFile.load(folder / "sandbox.ionapi")) as client:
            client.messaging.ping()
        pages = httpx2.get(f"{process.url}/", timeout=30)
        assert (pages.status_code, "[server]" in pages.text) == (404, True)
    finally:
        assert process.stop() == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="NO CURL: the shell example was not tried")
def test_the_shell_example_does_what_it_says(folder: Path, server: sides.Process) -> None:
    done = subprocess.run(
        ["sh", str(EXAMPLE), str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:4] == ["create item: 200", "with the fault: 503", "after it: 200", "expired: 401"]
    # The call with the expired token is refused, and recorded all the same.
    assert len(lines[4:]) == 4
    assert "create item" in lines[4]
