"""`ionport sandbox up|record|faults|reset`: the sandbox for test-suites in any language.

`up` needs the server's packages; the others call a running sandbox by HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click

from ionport.cli.errors import packages_missing
from ionport.cli.output import as_json_option
from ionport.cli.sandbox.control_client import ControlClient, connected

_KINDS = (
    *("status", "too-many-requests", "latency", "slow-body", "cut-before-commit"),
    *("cut-after-commit", "broken-json", "html", "token-refused", "search-lag"),
)
_LARGEST_PAGE = 200

Command = Callable[..., None]


def _remote(command: Command) -> Command:
    """Give a command the options that name a sandbox, and hand it a client of that sandbox."""

    def with_client(
        ctx: click.Context, url: str | None, tenant: str | None, key: str | None, **options: Any
    ) -> None:
        with connected(ctx.obj["data"], url, tenant, key) as client:
            command(client, **options)

    # With the options that the decorators below it have set on the command.
    wrapped: Callable[..., None] = update_wrapper(with_client, command)
    return _remote_options(click.pass_context(wrapped))


def _remote_options(command: Command) -> Command:
    """Give a command the options that name a sandbox elsewhere."""
    decorated = command
    for name, text in (
        ("key", "Its control key."),
        ("tenant", "Its tenant."),
        ("url", "Address of a sandbox elsewhere."),
    ):
        option = click.option(f"--{name}", envvar=f"IONPORT_CONTROL_{name.upper()}", help=text)
        decorated = option(decorated)
    return decorated


@click.group()
def sandbox() -> None:
    """A sandbox for test-suites in any language."""


@sandbox.command("up")
@click.option("--host", help="Address to listen on (IONPORT_HOST; default: 127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port (IONPORT_PORT; default: 8400; 0: a free one).",
)
@click.option(
    "--credentials",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the .ionapi; default: sandbox.ionapi in the data folder.",
)
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Answer by the recordings of this cassette first.",
)
@click.pass_context
def sandbox_up(
    ctx: click.Context,
    host: str | None,
    port: int | None,
    credentials: Path | None,
    replay: Path | None,
) -> None:
    """Serve the Infor side with the sandbox, and leave an .ionapi for clients."""
    try:
        from ionport.cli.sandbox.server import serve
    except ModuleNotFoundError as error:
        raise packages_missing("sandbox up", error, "testing") from error
    serve(ctx, host, port, credentials, replay)


@sandbox.command("record")
@click.option("--service", help="Only calls of this API context, such as IDM.")
@click.option("--operation", help="Only this operation, such as 'create item'.")
@click.option("--status", type=int, help="Only answers with this status; 0: cut connections.")
@click.option("--failed", is_flag=True, help="Only status 400 and above, and cut connections.")
@click.option("--text", help="Only calls with this in path or query.")
@click.option("--body", help="Only calls with this in a body that was kept.")
@click.option(
    "--limit",
    type=click.IntRange(1, _LARGEST_PAGE),
    default=50,
    show_default=True,
    help="How many calls to print at most.",
)
@click.option(
    "--har",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    help="Write an HTTP archive (HAR 1.2) of at most 1,000 calls there instead; -: print it.",
)
@click.option(
    "--through",
    type=click.Path(path_type=Path),
    help="Pass calls on to the tenant of this .ionapi instead, and record its answers.",
)
@click.option(
    "--cassette",
    type=click.Path(dir_okay=False, path_type=Path),
    default="cassette.json",
    show_default=True,
    help="Where the recordings go (with --through).",
)
@click.option(
    "--credentials",
    type=click.Path(dir_okay=False, path_type=Path),
    default="recorder.ionapi",
    show_default=True,
    help="Where to write the .ionapi for your program (with --through).",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8410,
    show_default=True,
    help="Port to listen on (with --through); 0: a free one.",
)
@click.option(
    "--writes",
    multiple=True,
    metavar="SERVICE",
    help="Pass on everything to this API context, such as IDM (with --through).",
)
@click.option(
    "--replace",
    "replaced",
    multiple=True,
    metavar="FIELD",
    help="Replace the values of this field as well (with --through).",
)
@click.option(
    "--keep",
    "kept",
    multiple=True,
    metavar="FIELD",
    help="Keep the values of this field, unless they are secret (with --through).",
)
@as_json_option
@_remote_options
@click.pass_context
def sandbox_record(
    ctx: click.Context,
    /,
    url: str | None,
    tenant: str | None,
    key: str | None,
    through: Path | None,
    cassette: Path,
    credentials: Path,
    port: int,
    writes: tuple[str, ...],
    replaced: tuple[str, ...],
    kept: tuple[str, ...],
    **shown: Any,
) -> None:
    """Print the calls that came, the newest first, or export them as HAR.

    With --through, stand between a program and a real tenant: calls that only read are passed on,
    and their answers go into a cassette, without secrets and with names and amounts replaced, which
    `ionport sandbox up --replay` answers by.
    """
    if through is None:
        with connected(ctx.obj["data"], url, tenant, key) as client:
            _show_calls(client, **shown)
        return
    try:
        from ionport.cli.sandbox.recording import record_through
    except ModuleNotFoundError as error:
        raise packages_missing("sandbox record --through", error, "testing") from error
    record_through(
        through,
        cassette,
        port=port,
        credentials=credentials,
        writes=writes,
        replaced=replaced,
        kept=kept,
    )


def _show_calls(
    client: ControlClient, har: Path | None, as_json: bool, limit: int, **filters: Any
) -> None:
    query = {**filters, "failed": "true" if filters["failed"] else None}
    if har is not None:
        _write(har, client.call("GET", "/calls.har", query=query))
        return
    found = client.call("GET", "/calls", query={**query, "per_page": limit})
    if as_json:
        click.echo(json.dumps(found["calls"], indent=2, ensure_ascii=False))
        return
    for call in found["calls"]:
        fault = f"  [{call['fault']}]" if call["fault"] else ""
        query_string = f"?{call['query']}" if call["query"] else ""
        click.echo(
            f"{call['received_at']}  {call['status']:>3}  {call['method']} {call['path']}"
            f"{query_string}  {call['operation']}{fault}"
        )
    if found["total"] > len(found["calls"]):
        click.echo(f"… and {found['total'] - len(found['calls'])} earlier ones (--limit, --har).")
    elif not found["calls"]:
        click.echo("No calls recorded.")


@sandbox.command("learn")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--suite", default="", help="API context of an OpenAPI document that names none.")
@click.option("--tenant", help="Tenant that the files tell of; default: the first.")
@click.option("--list", "lists", is_flag=True, help="Print what was learned.")
@click.option("--forget", metavar="NAME", help="Forget a file by its name.")
@click.pass_context
def sandbox_learn(
    ctx: click.Context,
    files: tuple[Path, ...],
    suite: str,
    tenant: str | None,
    lists: bool,
    forget: str | None,
) -> None:
    """Let the sandbox know your tenant by what it tells of itself.

    A file is an OpenAPI document of a suite, an export of M3's MRS001MI (LstFields, as JSON or CSV)
    or what IDM's datamodel/entities answers. Inputs are then checked by it, and what the sandbox
    does not imitate is answered by its examples and schemas.
    """
    try:
        from ionport.cli.sandbox import learning
    except ModuleNotFoundError as error:
        raise packages_missing("sandbox learn", error, "testing") from error
    if forget is not None:
        learning.forget_file(ctx, forget, tenant)
    elif files:
        learning.learn_files(ctx, files, suite, tenant)
    elif lists:
        learning.list_learned(ctx, tenant)
    else:
        raise click.UsageError("Name at least one file, or --list, or --forget NAME.")


@sandbox.group("faults")
def faults() -> None:
    """Order what goes wrong."""


@faults.command("list")
@as_json_option
@_remote
def faults_list(client: ControlClient, as_json: bool) -> None:
    """List the fault rules in the order in which they are tried."""
    rules = client.call("GET", "/faults")["faults"]
    if as_json:
        click.echo(json.dumps(rules, indent=2, ensure_ascii=False))
        return
    for rule in rules:
        target = " ".join(rule[part] or "*" for part in ("service", "operation", "method", "path"))
        switched = "" if rule["is_enabled"] else "  (off)"
        click.echo(
            f"{rule['id']}  {rule['kind']}  {target}  {rule['trigger']} {rule['figure']:g}"
            f"  applied to {rule['hits']} of {rule['seen']}{switched}"
        )
    if not rules:
        click.echo("No fault rules.")


@faults.command("add")
@click.argument("kind", type=click.Choice(_KINDS))
@click.option("--service", default="", help="Only calls of this API context, such as IDM.")
@click.option("--operation", default="", help="Only this operation, such as 'create item'.")
@click.option("--method", default="", help="Only this HTTP method.")
@click.option("--path", default="", help="Only such paths behind the tenant; * is any text.")
@click.option("--times", type=int, help="Only the next calls, as many as this says.")
@click.option(
    "--every", type=int, help="Only one call in so many: with 3 the third, the sixth and so on."
)
@click.option("--probability", type=float, help="Only some calls: 0 to 1.")
@click.option("--seed", type=int, help="With the same seed, it applies to the same calls again.")
@click.option("--status", type=int, help="Status of the answer (kind status; default 503).")
@click.option("--body", help="Body of the answer (kinds status and html).")
@click.option("--media-type", help="Media type of the answer (kind status).")
@click.option(
    "--seconds",
    type=float,
    help="How long (kinds latency, slow-body, search-lag), or Retry-After (too-many-requests).",
)
@click.option("--after-commit", is_flag=True, help="Do the call although the answer denies it.")
@click.option("--name", default="", help="A name for the recorder and the list.")
@_remote
def faults_add(
    client: ControlClient,
    times: int | None,
    every: int | None,
    probability: float | None,
    **parts: Any,
) -> None:
    """Add a fault rule of a KIND; it takes effect from the next call on."""
    given = {"next": times, "every": every, "probability": probability}
    triggers = {name: figure for name, figure in given.items() if figure is not None}
    if len(triggers) > 1:
        raise click.UsageError("Choose one of --times, --every and --probability.")
    body = {name: value for name, value in parts.items() if value is not None}
    for trigger, figure in triggers.items():
        body |= {"trigger": trigger, "figure": figure}
    click.echo(f"Added {client.call('POST', '/faults', body=body)['id']}.")


@faults.command("clear")
@click.argument("fault_id", required=False)
@_remote
def faults_clear(client: ControlClient, fault_id: str | None) -> None:
    """Remove every fault rule, or the one with FAULT_ID."""
    client.call("DELETE", f"/faults/{fault_id}" if fault_id else "/faults")
    click.echo(f"Removed {fault_id}." if fault_id else "Removed every fault rule.")


@sandbox.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_remote
def sandbox_reset(client: ControlClient, yes: bool) -> None:
    """Empty the sandbox: what services hold, recorded calls, faults; the clock is set back.

    Apps, credentials, snapshots and control keys stay.
    """
    if not yes:
        click.confirm("Empty the sandbox?", abort=True)
    click.echo(f"Removed {client.call('POST', '/reset')['rows']} rows.")


def _write(path: Path, archive: Any) -> None:
    text = json.dumps(archive, ensure_ascii=False, indent=1)
    if str(path) == "-":
        click.echo(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {len(archive['log']['entries'])} calls to {path}.")
