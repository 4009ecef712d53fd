"""`ionport mcp` with the SDK's own client: over standard input and output, and in this process for
what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult, JSONRPCRequest, TextContent, jsonrpc_message_adapter

import ionport
from ionport.application import Application, open_application, open_existing
from ionport.cli import main
from ionport.core.paging import PageRequest
from ionport.documents.samples import SAMPLES, read_sample
from ionport.identity.model import Actor, ToolAction
from ionport.ionapi import IonApiClient, IonApiFile, ItemDraft
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from ionport.mcp import server
from ionport.mcp.server import server_of
from ionport.mcp.tools import Tools
from ionport.settings_reading import load_settings
from ionport.store import OrganizationScope
from ionport.testing.infor import Infor
from ionport.testing.running import running_infor

TYPE = "M3_SupplierInvoice"
NUMBER = "BOD_SupplierInvoiceID"
CONNECTION = "Test tenant"
TOOLS = {
    *("ask_manual", "read_manual_page", "explain_error", "list_connections", "search_idm"),
    *("read_m3", "list_deliveries", "get_delivery", "export_errors"),
}
Call = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Folder:
    """A data folder with a connection to a sandbox, and one delivery that waits."""

    path: Path
    infor: Infor
    secrets: Sequence[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    path = tmp_path_factory.mktemp("mcp")
    data = path / "data"

    def run(*arguments: str | Path) -> Any:
        done = CliRunner().invoke(main, ["--data", str(data), *map(str, arguments)])
        assert done.exit_code == 0, done.output
        return done.stdout

    with running_infor() as infor:
        credential = infor.ionapi_file()
        file = IonApiFile.load(credential)
        with IonApiClient(file) as client:
            client.idm.create_item(ItemDraft(TYPE, ((NUMBER, "471102"),)))
        open_application(load_settings({}, data=data)).close()
        run("connection", "add", credential, "--name", CONNECTION)
        run("connection", "prove", CONNECTION)
        for kind in (MappingKind.IDM, MappingKind.BOD):
            name, content = own_template(kind)
            (path / name).write_bytes(content)
            run("mapping", "add", path / name, "--name", kind.value)
        mappings = ("--idm-mapping", MappingKind.IDM.value, "--bod-mapping", MappingKind.BOD.value)
        run("export", "configure", "Invoices", "--connection", CONNECTION, *mappings)
        invoice = path / SAMPLES[1]
        invoice.write_bytes(read_sample(SAMPLES[1]))
        (row,) = json.loads(run("document", "add", invoice, "--json"))
        run("export", "run", row["id"])
        yield Folder(data, infor, [each.reveal() for each in file.secrets()])


@pytest.fixture
def application(folder: Folder) -> Iterator[Application]:
    application = open_existing(load_settings({}, data=folder.path))
    yield application
    application.close()


@pytest.fixture
def tools(application: Application) -> Tools:
    assert application.documents is not None
    scope = OrganizationScope(application.organization.id)
    operator = Actor.operator("MCP server")
    return Tools(application.database, application.audit, application.documents, scope, operator)


def _over_stdio(
    folder: Folder, calls: Sequence[Call], *more: str
) -> tuple[set[str], list[CallToolResult]]:
    """Start `ionport mcp`, list its tools and call some; what it logs is not on its output."""
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ionport", "--data", str(folder.path), "mcp", *more],
        env={"PYTHONPATH": str(Path(ionport.__file__).parents[1]), "TMPDIR": os.environ["TMPDIR"]},
    )

    async def talk() -> tuple[set[str], list[CallToolResult]]:
        async with Client(started) as client:
            listed = (await client.list_tools()).tools
            assert all(each.annotations and each.annotations.read_only_hint for each in listed)
            assert all(each.description for each in listed)
            return {each.name for each in listed}, [
                await client.call_tool(name, dict(arguments)) for name, arguments in calls
            ]

    return asyncio.run(talk())


def test_a_line_with_half_of_a_surrogate_pair_is_a_message_to_the_sdk() -> None:
    """JSON writes it as an escape; the SDK leaves such a line without an answer."""
    smile = chr(0x1F600)
    arguments = {"delivery": f"half \ud800 {smile} \\ud800", "\udfff": "\x00"}
    call = {"name": "get_delivery", "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}
    line = json.dumps(message).encode() + b"\n"
    with pytest.raises(ValueError, match="Invalid JSON"):
        jsonrpc_message_adapter.validate_json(line)
    read = server._readable(line)
    assert read.endswith(b"\n")
    found = jsonrpc_message_adapter.validate_json(read)
    assert isinstance(found, JSONRPCRequest)
    assert found.params == {
        **call,
        "arguments": {"delivery": f"half ? {smile} \\ud800", "?": "\x00"},
    }
    for other in (b'{"a": "\\u12', b"[" * 100_000 + b"\\u", b"{}"):
        assert server._readable(other) == other


def _in_process(tools: Tools, *calls: Call) -> list[CallToolResult]:
    async def talk() -> list[CallToolResult]:
        async with Client(server_of(tools)) as client:
            return [await client.call_tool(name, dict(each)) for name, each in calls]

    return asyncio.run(talk())


def _text(result: CallToolResult) -> str:
    return "".join(each.text for each in result.content if isinstance(each, TextContent))


def _facts(result: CallToolResult) -> Any:
    assert not result.is_error, _text(result)
    return json.loads(_text(result))


def test_a_client_lists_the_tools_and_uses_each_over_standard_input_and_output(
    folder: Folder, application: Application, tools: Tools
) -> None:
    (listed,) = _in_process(tools, ("list_deliveries", {}))
    (delivery,) = _facts(listed)["deliveries"]
    names, results = _over_stdio(
        folder,
        [
            ("get_delivery", {"delivery": delivery["id"]}),
            ("ask_manual", {"question": "How do I rotate the secret of an app?"}),
            ("read_manual_page", {"page": "exactly-once"}),
            ("explain_error", {"error": "invalid_client"}),
            ("list_connections", {}),
            (
                "search_idm",
                {"connection": CONNECTION, "document_type": TYPE, "like": {NUMBER: "47%"}},
            ),
            (
                "read_m3",
                {
                    "connection": CONNECTION,
                    "program": "CRS620MI",
                    "transaction": "LstSuppliers",
                    "columns": ["SUNO"],
                    "limit": 2,
                },
            ),
            ("list_deliveries", {"status": "pending"}),
            ("export_errors", {}),
        ],
    )
    assert names == TOOLS
    detail, asked, page, explained, connections, items, records, pending, errors = map(
        _facts, results
    )
    assert [step["status"] for step in detail["steps"]]
    assert asked["answered"]
    assert asked["excerpts"][0]["page"] == "rotate-a-secret"
    assert page["text"].startswith("# ")
    assert explained["manual"]["answered"]
    (connection,) = connections["connections"]
    assert connection["proof"]["status"] == "passed"
    assert {stage["status"] for stage in connection["proof"]["stages"]} <= {
        "passed",
        "not_applicable",
    }
    assert [each["attributes"] for each in items["items"]] == [
        [{"name": NUMBER, "value": "471102"}]
    ]
    assert len(records["records"]) == 2
    assert pending["deliveries"] == [delivery]
    assert errors == {"causes": []}
    said = "".join(map(_text, results))
    assert not [secret for secret in folder.secrets if secret in said]

    told = _audit(application)
    assert told[-9:] == [
        "get_delivery",
        *("ask_manual", "read_manual_page", "explain_error", "list_connections", "search_idm"),
        *("read_m3", "list_deliveries", "export_errors"),
    ]


def _audit(application: Application) -> list[str]:
    """The tools that the audit log tells of, the oldest first."""
    with application.database.read() as work:
        scope = OrganizationScope(application.organization.id)
        page = application.audit.list(work.within(scope), PageRequest(per_page=200))
    return [each.subject for each in reversed(page.items) if each.action == ToolAction.CALLED]


@pytest.mark.parametrize(
    ("tool", "arguments", "text"),
    [
        ("ask_manual", {"question": "  "}, "Nothing is asked"),
        ("ask_manual", {"question": "x", "page": "none"}, "The manual has no page 'none'"),
        ("read_manual_page", {"page": "../settings"}, "The manual has no page"),
        ("explain_error", {"error": "\n"}, "Nothing is asked"),
        ("explain_error", {"error": "a\x00b"}, "characters that no text has"),
        ("search_idm", {"connection": "x", "document_type": TYPE}, "Known are: 'Test tenant'"),
        (
            "search_idm",
            {"connection": CONNECTION, "document_type": 'a"]'},
            "cannot be a name in IDM",
        ),
        (
            "search_idm",
            {"connection": CONNECTION, "document_type": "Unknown_Type"},
            "Document Types",
        ),
        (
            "read_m3",
            {"connection": CONNECTION, "program": "CRS620MI", "transaction": "AddSupplier"},
            "is not called",
        ),
        (
            "read_m3",
            {"connection": CONNECTION, "program": "CRS 620", "transaction": "LstSuppliers"},
            "is no name of a program",
        ),
        (
            "read_m3",
            {
                "connection": CONNECTION,
                "program": "CRS620MI",
                "transaction": "GetBasicData",
                "record": {"SUNO": "nobody"},
            },
            "M3",
        ),
        ("list_deliveries", {"status": "lost"}, "There is no status 'lost'"),
        ("list_deliveries", {"limit": 51}, "less than or equal to 50"),
        ("list_deliveries", {"limit": "many"}, "valid integer"),
        ("get_delivery", {"delivery": "dlv_none"}, "deliver"),
        ("get_delivery", {}, "Field required"),
        ("no_such_tool", {}, "no_such_tool"),
    ],
)
def test_bad_input_is_answered_with_what_is_wrong(
    tools: Tools, tool: str, arguments: dict[str, Any], text: str
) -> None:
    (result,) = _in_process(tools, (tool, arguments))
    assert result.is_error
    assert text in _text(result)
    # What the SDK says of a crash, and nothing more.
    assert _text(result) != f"Error executing tool {tool}"


def test_a_transaction_that_changes_something_never_leaves(folder: Folder, tools: Tools) -> None:
    before = len(folder.infor.recorder.calls(service="M3"))
    for transaction in ("AddSupplier", "ChgBasicData", "DltSupplier", "UpdX", "get", "Get-x"):
        wanted = {"connection": CONNECTION, "program": "CRS620MI", "transaction": transaction}
        (refused,) = _in_process(tools, ("read_m3", wanted))
        assert refused.is_error
    assert len(folder.infor.recorder.calls(service="M3")) == before


def test_a_user_who_may_not_use_connections_reads_neither_idm_nor_m3(
    tools: Tools, application: Application
) -> None:
    stranger = Actor(user_id="usr_stranger", name="stranger")
    (refused,) = _in_process(
        replace(tools, actor=stranger),
        ("search_idm", {"connection": CONNECTION, "document_type": TYPE}),
    )
    assert refused.is_error
    assert "not a member" in _text(refused)
    # What was refused was asked for, and stands there too.
    assert _audit(application)[-1] == "search_idm"


def test_a_user_that_is_named_gives_the_tools_that_users_rights(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str, text: str = "") -> None:
        command = ["--data", str(folder.path), *arguments]
        done = CliRunner().invoke(main, command, input=text)
        assert done.exit_code == 0, done.output

    served: list[Tools] = []
    monkeypatch.setattr("ionport.mcp.server.serve", served.append)
    run("user", "add", "ada", "--password-stdin", text="correct horse battery")
    run("mcp", "--user", "ada")
    run("mcp")
    of_user, of_operator = served
    assert (of_user.actor.name, of_user.actor.is_operator) == ("ada", False)
    assert of_user.actor.user_id
    assert (of_operator.actor.name, of_operator.actor.is_operator) == ("MCP server", True)


def test_the_command_says_what_is_missing(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = CliRunner().invoke(main, ["--data", str(tmp_path / "none"), "mcp"])
    assert none.exit_code == 1
    assert "Traceback" not in none.output
    nobody = CliRunner().invoke(main, ["--data", str(folder.path), "mcp", "--user", "nobody"])
    assert "There is no user 'nobody'" in nobody.stderr
    monkeypatch.delitem(sys.modules, "ionport.mcp.server")
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    missing = CliRunner().invoke(main, ["--data", str(folder.path), "mcp"])
    assert "needs the extra 'mcp'" in missing.stderr
