"""`ionport credentials download`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ionport.cli.infor.apps import app_named
from ionport.cli.opening import (
    OPERATOR,
    find_by_name,
    infor_side,
    opened,
    tenant_option,
    tenant_scope,
)
from ionport.core.errors import InvalidInput
from ionport.identity.access import Access
from ionport.identity.model import PasswordProof


@click.group()
def credentials() -> None:
    """Infor side: download credentials."""


@credentials.command("download")
@click.argument("app_name")
@tenant_option
@click.option(
    "--output", type=click.Path(path_type=Path), help="File to write; default: APP.ionapi."
)
@click.option(
    "--create-service-account/--no-service-account",
    default=True,
    help="Create Service Account.",
)
@click.option("--user", "username", help="User to associate with the service account.")
@click.pass_context
def credentials_download(
    ctx: click.Context,
    app_name: str,
    tenant: str | None,
    output: Path | None,
    create_service_account: bool,
    username: str | None,
) -> None:
    """Write the app's .ionapi file; its service account keys are in no other place."""
    with opened(ctx) as application:
        scope = tenant_scope(application, tenant)
        with application.database.write() as work:
            access = Access(work, scope, OPERATOR)
            found = app_named(application, access, app_name)
            users = application.identity.search_users(access, username, 100) if username else []
            file = infor_side(application).service_accounts.download_credentials(
                access,
                found.id,
                PasswordProof.operator(application.clock.now()),
                create_service_account=create_service_account,
                user_id=find_by_name({u.id: u.username for u in users}, username, "user")
                if username
                else None,
            )
            # Written before the commit: no service account is stored without its file.
            path = output or Path(file.filename)
            write_private(path, file.content)
    click.echo(f"Wrote {path}. It holds secrets: keep it like a password.")


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads; an existing one is not overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InvalidInput(f"{path} exists already; name another file with --output.") from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
