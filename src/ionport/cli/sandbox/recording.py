"""`ionport sandbox record --through FILE.ionapi`: pass calls to a real tenant and record them."""

from __future__ import annotations

import json
import secrets
import signal
import socket
from pathlib import Path
from types import FrameType

import click
import uvicorn

from ionport.cli.client.opening import calling, read_credential
from ionport.cli.infor.credentials import write_private
from ionport.ionapi import IonApiFile
from ionport.sandbox.own.cassette import Cassette, RecordedAnswer
from ionport.serving.server import server_config
from ionport.tenant_tools.record.bodies import Bodies
from ionport.tenant_tools.record.permitted import Permitted
from ionport.tenant_tools.record.proxy import Recorder, recording_app
from ionport.tenant_tools.record.replacing import Replacer
from ionport.tenant_tools.verify.services import imitated_services

_SAVE_EVERY = 20


def record_through(
    file: Path,
    cassette: Path,
    *,
    port: int,
    credentials: Path,
    writes: tuple[str, ...] = (),
    replaced: tuple[str, ...] = (),
    kept: tuple[str, ...] = (),
) -> None:
    """Serve until Ctrl+C; the cassette is written now and then, and at the end."""
    real = read_credential(file)
    bodies = Bodies(Replacer(real, also=replaced, kept=kept))

    def on_call(call: RecordedAnswer) -> None:
        click.echo(f"{call.status:>3}  {call.method} {call.path}")
        count = len(recorder.cassette.calls)
        if count % _SAVE_EVERY == 0:
            _save(cassette, recorder.cassette)

    recorder = Recorder(bodies, on_call=on_call)
    permitted = Permitted(imitated_services(), writes)
    # Before anything is served: a file that cannot be written is reported at once.
    _save(cassette, recorder.cassette)
    with socket.create_server(("127.0.0.1", port)) as listener, calling(file) as client:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        own = own_credentials(real, url)
        write_private(credentials, json.dumps(own).encode())
        try:
            click.echo(f"The recorder of the tenant {real.ti} serves on {url}")
            click.echo(f"  Credentials for your program   {credentials} (until this ends)")
            click.echo(f"  Cassette                       {cassette}")
            click.echo(f"  Passed on: {_scope(writes)}. Stop with Ctrl+C.")
            app = recording_app(client, recorder, permitted, own)
            _serve(uvicorn.Server(server_config(app)), listener)
        finally:
            credentials.unlink(missing_ok=True)
            _save(cassette, recorder.cassette)
    click.echo(f"Wrote {len(recorder.cassette.calls)} calls to {cassette}.")
    click.echo("Look at it before you give it to others; --replace FIELD replaces more.")


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal again once it has stopped, and the cassette is written after it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.run([listener])


def own_credentials(real: IonApiFile, url: str) -> dict[str, str]:
    """Return credentials for the recorder's client, which only the recorder accepts."""
    tenant = "RECORDER_TST"
    return {
        "ti": tenant,
        "cn": "Recorder",
        "ci": f"{tenant}~{secrets.token_urlsafe(32)}",
        "cs": secrets.token_urlsafe(64),
        "iu": url,
        "pu": f"{url}/{tenant}/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": real.ev or "",
        "v": "1.0",
        "saak": f"{tenant}#{secrets.token_urlsafe(64)}",
        "sask": secrets.token_urlsafe(64),
    }


def _scope(writes: tuple[str, ...]) -> str:
    if not writes:
        return "calls that only read"
    return f"calls that only read, and everything to {', '.join(writes)}"


def _save(path: Path, cassette: Cassette) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(cassette.to_bytes())
        part.replace(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
