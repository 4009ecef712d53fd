"""`ionport sandbox up`: the Infor side with the sandbox, and what clients need to use it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from ionport.application import Application
from ionport.cli.infor.credentials import write_private
from ionport.cli.opening import OPERATOR, infor_side, settings_of
from ionport.cli.sandbox.control_client import ACCESS_FILE, ControlAccess
from ionport.cli.serving.server import RunningServer
from ionport.core.errors import InvalidInput
from ionport.core.ids import random_token
from ionport.identity.access import Access
from ionport.identity.model import PasswordProof, TenantRole
from ionport.identity.service import NewUser
from ionport.oauth.apps.drafts import AppDraft
from ionport.sandbox.own.cassette import Cassette
from ionport.settings import Side
from ionport.store import TenantScope

APP_NAME = "Sandbox_client"
KEY_NAME = "ionport sandbox up"
USERNAME = "tester"


def serve(
    ctx: click.Context,
    host: str | None,
    port: int | None,
    credentials: Path | None,
    replay: Path | None = None,
) -> None:
    """Print all addresses and files, and serve until Ctrl+C or SIGTERM."""
    cassette = None if replay is None else Cassette.parse(replay.read_bytes())
    settings = settings_of(
        ctx, side=Side.INFOR, sandbox=True, host=host, port=port, log_level="WARNING"
    )
    server = RunningServer(settings)
    if cassette is not None:
        own = infor_side(server.application).own
        own.of(server.application.tenant.id).use_cassette(cassette)
    path = credentials or settings.data / "sandbox.ionapi"
    with ExitStack() as announced:

        def begun() -> None:
            _ensure_credentials(server.application, path)
            announced.enter_context(_announced(server, settings.data / ACCESS_FILE))
            replays = f"{len(cassette.calls)} calls of {replay}" if cassette is not None else ""
            _show(server, path, settings.data / ACCESS_FILE, replays)

        server.run(begun)


def _show(server: RunningServer, credentials: Path, access: Path, replays: str) -> None:
    tenant = server.application.tenant.id
    click.echo(f"The sandbox of {tenant} serves on {server.url}")
    click.echo(f"  Credentials   {credentials}")
    if replays:
        click.echo(f"  Replays       {replays}")
    click.echo(f"  Control plane {server.url}/_control/{tenant}/")
    click.echo(f"  Control key   {access} (until this ends)")
    click.echo("Look at calls:  ionport sandbox record      (another terminal, same --data)")
    click.echo("Order faults:   ionport sandbox faults add status --service IDM --times 2")
    click.echo("Stop with Ctrl+C.")


@contextmanager
def _announced(server: RunningServer, path: Path) -> Iterator[None]:
    """Let the other commands find the server for the time of the block."""
    application = server.application
    scope, keys = TenantScope(application.tenant.id), infor_side(application).control.keys
    with application.database.write() as work:
        # Files of servers that were killed.
        access = Access(work, scope, OPERATOR)
        for old in keys.list(access):
            if old.name == KEY_NAME:
                keys.delete(access, old.id)
        _key, secret = keys.create(access, KEY_NAME)
    ControlAccess(server.url, application.tenant.id, secret.reveal()).write(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _ensure_credentials(application: Application, path: Path) -> None:
    """Write the .ionapi, unless the one of an earlier start is for this server too.

    Raises:
        InvalidInput: another file is there, and it is not overwritten.
    """
    scope, infor = TenantScope(application.tenant.id), infor_side(application)
    apps = infor.apps
    user_id = _ensure_user(application)
    with application.database.write() as work:
        access = Access(work, scope, OPERATOR)
        app = apps.find_app_by_name(access, APP_NAME)
        if app is None:
            draft = AppDraft(
                APP_NAME, description="Clients of the sandbox", issue_refresh_tokens=True
            )
            app = apps.create_app(access, draft)
        if path.exists():
            content = _read(path)
            if content.get("ci") != app.client_id:
                raise InvalidInput(f"{path} exists already; name another file (--credentials).")
            if content.get("iu") == application.settings.gateway_origin:
                return
            path.unlink()
        proof = PasswordProof.operator(application.clock.now())
        file = infor.service_accounts.download_credentials(
            access,
            app.id,
            proof,
            create_service_account=True,
            user_id=user_id,
        )
        write_private(path, file.content)


def _read(path: Path) -> Mapping[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _ensure_user(application: Application) -> str:
    """Return whom the service account acts for: M3 asks for a user behind every call."""
    with application.database.read() as work:
        user = application.identity.find_user(work, USERNAME)
    if user is not None:
        return user.id
    # The password is not known to anyone: this user cannot sign in.
    password_hash = application.identity.hash_password(random_token(32))
    with application.database.write() as work:
        made = application.identity.create_user(work, OPERATOR, NewUser(USERNAME), password_hash)
        application.identity.set_tenant_role(
            work, OPERATOR, made.id, application.tenant.id, TenantRole.USER
        )
    return made.id
