"""`ionport connection add-folder`, `add-sftp`, `add-smb`, `add-on-premise`: no Infor tenants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from click.decorators import FC


def _port(default: int) -> Callable[[FC], FC]:
    return click.option(
        "--port",
        default=default,
        show_default=True,
        type=click.IntRange(1, 65_535),
        help="Port of the server.",
    )


def _secret_file(text: str) -> Callable[[FC], FC]:
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--secret-file", required=True, type=file, help=text)


@click.command("add-folder")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def add_folder(ctx: click.Context, name: str, folder: Path) -> None:
    """Add a local FOLDER, into which documents are exported."""
    _add(ctx, name, "folder", {"folder": str(folder.absolute())})


@click.command("add-sftp")
@click.argument("name")
@click.argument("host")
@click.argument("folder")
@_port(22)
@click.option("--user", required=True, help="User name at the server.")
@click.option("--host-key", required=True, help="The server's public key, as in known_hosts.")
@_secret_file("File with the password, or a private key in OpenSSH form.")
@click.pass_context
def add_sftp(
    ctx: click.Context,
    name: str,
    host: str,
    folder: str,
    port: int,
    user: str,
    host_key: str,
    secret_file: Path,
) -> None:
    """Add a FOLDER of an SFTP server, into which documents are exported."""
    given = {"host": host, "port": str(port), "username": user, "host_key": host_key}
    _add(ctx, name, "sftp", {**given, "folder": folder}, secret_file)


@click.command("add-smb")
@click.argument("name")
@click.argument("host")
@click.argument("share")
@click.argument("folder", default="")
@_port(445)
@click.option("--user", required=True, help="User name, with its domain where there is one.")
@_secret_file("File with the password.")
@click.pass_context
def add_smb(
    ctx: click.Context,
    name: str,
    host: str,
    share: str,
    folder: str,
    port: int,
    user: str,
    secret_file: Path,
) -> None:
    """Add a FOLDER of a SHARE of an SMB server, into which documents are exported."""
    given = {"host": host, "port": str(port), "username": user, "share": share}
    _add(ctx, name, "smb", {**given, "folder": folder}, secret_file)


@click.command("add-on-premise")
@click.argument("name")
@click.pass_context
def add_on_premise(ctx: click.Context, name: str) -> None:
    """Add a place from which a program fetches documents by the JSON API."""
    _add(ctx, name, "pull", {})


def _add(
    ctx: click.Context,
    name: str,
    kind: str,
    parameters: dict[str, str],
    secret_file: Path | None = None,
) -> None:
    from ionport.cli.opening import opened_documents
    from ionport.connections.model import TargetKind
    from ionport.connections.targets.model import Target
    from ionport.core.secrets import Secret

    secret = secret_file.read_text(encoding="utf-8").rstrip("\r\n") if secret_file else ""
    with opened_documents(ctx) as documents:
        targets = documents.side.connections.targets
        prepared = targets.prepare(Target(TargetKind(kind), parameters, Secret(secret)))
        with documents.write() as access:
            made = targets.add(access, name, prepared)
    click.echo(f"Connection {made.name}: {made.place or made.target.label}.")
    click.echo(f"Prove it with: ionport connection prove {made.name!r}")
