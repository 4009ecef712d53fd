"""The command line: thin over the services, acting on the data folder.

Modules with heavy imports are loaded only when a command of theirs runs, so that the base
install (without extras) has `ionport connection prove FILE` without the server.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import click
from click.shell_completion import CompletionItem

from ionport import __version__
from ionport.cli.errors import packages_missing, show_errors

_COMMANDS = {
    "up": ("serving.commands", "Serve both sides, or the one that --side names."),
    "worker": ("serving.commands", "Run deliveries beside other workers (PostgreSQL only)."),
    "migrate": ("serving.commands", "Bring the database up to date, or move to another one."),
    "backup": ("serving.backups", "Write database and stored files into one file."),
    "restore": ("serving.backups", "Make an installation of a backup."),
    "setup-link": ("users", "Print a new one-time link that makes the first administrator."),
    "user": ("users", "Add and list users, give roles, reset passwords."),
    "audit": ("audit", "List what was changed: who, when and from where."),
    "organization": ("organizations", "Document side: create and list organizations."),
    "tenant": ("infor.tenants", "Infor side: create and list tenants."),
    "app": ("infor.apps", "Infor side: create, list, rotate and delete authorized apps."),
    "credentials": ("infor.credentials", "Infor side: download credentials."),
    "sandbox": ("sandbox.commands", "Infor side: a sandbox for test-suites in any language."),
    "idm": ("client.idm", "Search, get and put items of IDM with an .ionapi file."),
    "ion": ("client.ion", "Send a business document to ION with an .ionapi file."),
    "m3": ("client.m3", "Call M3 with an .ionapi file: one transaction, or a table of rows."),
    "verify": ("client.verify", "Compare a tenant with the sandbox, by calls that only read."),
    "compass": ("client.compass", "Query the Data Lake with an .ionapi file."),
    "connection": (
        "documents.connections",
        "Document side: .ionapi files, other targets, and their proof.",
    ),
    "mapping": (
        "documents.mapping.files",
        "Document side: check, add, list, preview, compare and convert mapping files.",
    ),
    "export": (
        "documents.export.commands",
        "Document side: configure exports, run and steer them.",
    ),
    "company": (
        "documents.companies",
        "Document side: your companies and what Infor calls them.",
    ),
    "supplier": ("documents.suppliers", "Document side: suppliers and the accounts known of them."),
    "document-type": (
        "documents.document_types",
        "Document side: fields, effects of findings and approvals of a document type.",
    ),
    "document": ("documents.documents", "Document side: check, add, list and show documents."),
    "intake": ("documents.intake", "Document side: folders that are watched for documents."),
    "webhook": ("webhooks", "Document side: programs that are told what happens to documents."),
    "api-key": ("documents.api_keys", "Document side: keys of programs that use the JSON API."),
    "rotate-keys": ("keys", "Make a new sealing key and seal every stored secret with it."),
    "mcp": ("mcp", "Document side: read-only tools by the Model Context Protocol."),
    "completion": ("completion", "Print what lets a shell complete commands and options."),
    "demo": ("serving.demo", "Do the whole walk on fresh data folders."),
}


class _LazyGroup(click.Group):
    """Imports a command's module when the command runs, and no earlier."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, "version"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module_name, _help = _COMMANDS[cmd_name]
        try:
            module = importlib.import_module(f"ionport.cli.{module_name}")
        except ModuleNotFoundError as error:
            raise packages_missing(cmd_name, error) from error
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # Names and help are known without the modules, some of which need packages of an extra.
        rows = {name: help_text for name, (_module, help_text) in _COMMANDS.items()}
        rows["version"] = "Print the version."
        found = [
            CompletionItem(name, help=help_text)
            for name, help_text in rows.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, help_text) for name, (_module, help_text) in _COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*rows, ("version", "Print the version.")])

    def invoke(self, ctx: click.Context) -> Any:
        with show_errors():
            try:
                return super().invoke(ctx)
            except ModuleNotFoundError as error:
                raise packages_missing(ctx.invoked_subcommand or "", error) from error


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="ionport %(version)s")
@click.option("--data", metavar="FOLDER", help="Data folder (IONPORT_DATA; default: data).")
@click.pass_context
def main(ctx: click.Context, data: str | None) -> None:
    """ionport: ION API credentials, and documents delivered over them."""
    # Databases, keys, credentials: only their owner may read what a command writes.
    before = os.umask(0o077)
    ctx.call_on_close(lambda: os.umask(before))
    ctx.obj = {"data": data}


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)
