"""`ionport idm search|get|put`: items of Infor Document Management from the command line."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from ionport.cli.client.opening import assignment, calling, credential_option
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.ionapi.idm import MAX_PAGE, Item, ItemDraft
from ionport.ionapi.idm_query import ItemQuery

_CONDITION: Final = re.compile(r"\s*(@?[A-Za-z_][\w.-]*)\s*(<=|>=|!=|=|<|>|~)\s*(.*)", re.DOTALL)


@click.group()
def idm() -> None:
    """Items of Infor Document Management, with an .ionapi file."""


@idm.command("search")
@click.argument("document_type")
@click.argument("conditions", nargs=-1, metavar="[CONDITION]...")
@credential_option
@click.option(
    "--sort",
    "sorts",
    multiple=True,
    metavar="[-]ATTRIBUTE",
    help="Attribute to sort by; with - the last first.",
)
@click.option("--columns", default="", help="Attributes to show, separated by commas.")
@click.option("--offset", type=click.IntRange(0), default=0, help="How many items to leave out.")
@click.option(
    "--most",
    type=click.IntRange(1, MAX_PAGE),
    default=50,
    show_default=True,
    help="How many items to give at most.",
)
@as_json_option
def idm_search(
    document_type: str,
    conditions: tuple[str, ...],
    credential: Path,
    sorts: tuple[str, ...],
    columns: str,
    offset: int,
    most: int,
    as_json: bool,
) -> None:
    """Search items of a DOCUMENT_TYPE that meet all conditions.

    A condition is an attribute, one of = != < <= > >= ~, and a value. After ~ comes a pattern,
    with % for any letters and _ for one; NAME= asks for items without a value, NAME!= for those
    with one.

    For example: ionport idm search M3_SupplierInvoice M3_Division=AAA --with DocBits.ionapi
    """
    with calling(credential, as_json=as_json) as client:
        query = ItemQuery(document_type)
        for each in conditions:
            query = _narrowed(query, each)
        for each in sorts:
            query = query.sorted_by(each.removeprefix("-"), descending=each.startswith("-"))
        items = client.idm.search(query, offset=offset, limit=most)
    if as_json:
        print_json([_facts(item) for item in items])
        return
    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    rows = [
        {
            "pid": item.pid,
            "changed": item.changed,
            **{name: item.attribute(name) or "" for name in wanted},
        }
        for item in items
    ]
    shown = ("pid", "changed", *wanted)
    print_rows(rows, as_json=False, shown=shown, empty="No item meets these conditions.")
    if len(items) == most:
        click.echo(f"There may be more: --offset {offset + most}")


@idm.command("get")
@click.argument("pid")
@credential_option
@click.option(
    "--file",
    "target",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Where to save the item's file; -: standard output.",
)
@click.option("--resource", default="", help="Another file of the item, such as File2.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@as_json_option
def idm_get(
    pid: str, credential: Path, target: Path | None, resource: str, overwrite: bool, as_json: bool
) -> None:
    """Show an item by its PID, or save its file with --file.

    The file is written as it arrives, and has its name only when it is complete.
    """
    if target is not None and str(target) != "-" and target.exists() and not overwrite:
        raise click.ClickException(f"{target} is there already (--overwrite replaces it).")
    with calling(credential, as_json=as_json) as client:
        item = client.idm.get_item(pid) if target is None or resource else None
        if target is None:
            _show(item, as_json=as_json)
            return
        with _written(target) as file:
            client.idm.download_to(_address(item, resource) if item else pid, file.write)
    if as_json and str(target) != "-":
        print_json({"pid": pid, "file": str(target), "bytes": target.stat().st_size})


@idm.command("put")
@click.argument("document_type")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("attributes", nargs=-1, metavar="[NAME=VALUE]...")
@credential_option
@click.option("--acl", help="The item's access control list; default: the document type's.")
@click.option("--name", help="The file's name in IDM; default: as it is called here.")
@click.option(
    "--once",
    metavar="ATTRIBUTE",
    help="Make no item when one has the same value of this attribute; its PID is given instead.",
)
@as_json_option
def idm_put(
    document_type: str,
    file: Path,
    attributes: tuple[str, ...],
    credential: Path,
    acl: str | None,
    name: str | None,
    once: str | None,
    as_json: bool,
) -> None:
    """Create an item of a DOCUMENT_TYPE with FILE and attributes, and print its PID.

    Each run creates another item, except with --once.

    For example: ionport idm put M3_SupplierInvoice 1.pdf M3_Division=AAA --with DocBits.ionapi
    """
    values = tuple(map(assignment, attributes))
    wanted = dict(values).get(once or "")
    if once and wanted is None:
        raise click.UsageError(f"--once {once}: the attribute {once} is not given.")
    draft = ItemDraft(document_type, values, ((name or file.name, file),), acl)
    with calling(credential, as_json=as_json, writes=True) as client:
        found = client.idm.find_one(document_type, once, wanted) if once and wanted else None
        item = found or client.idm.create_item(draft)
    if as_json:
        print_json({**_facts(item), "created_now": found is None})
    else:
        click.echo(item.pid)


def _narrowed(query: ItemQuery, text: str) -> ItemQuery:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no condition such as NAME=VALUE.")
    name, sign, value = match.groups()
    if sign == "~":
        return query.like(name, value)
    if not value and sign in ("=", "!="):
        return query.missing(name) if sign == "=" else query.given(name)
    return query.where(name, sign, value)


def _address(item: Item, resource: str) -> str:
    found = next((each for each in item.resources if each.name == resource), None)
    if found is None or not found.url:
        known = ", ".join(each.name for each in item.resources if each.name) or "none"
        raise click.ClickException(
            f"{item.pid} has no file named {resource}. Its other files: {known}."
        )
    return found.url


@contextmanager
def _written(target: Path) -> Iterator[BinaryIO]:
    """Give a file that gets its name when the block ends well."""
    if str(target) == "-":
        yield sys.stdout.buffer
        return
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    except OSError as error:
        raise click.ClickException(f"{target} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).replace(target)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise click.ClickException(f"{target} cannot be written: {error.strerror}.") from error
        raise


def _show(item: Item | None, *, as_json: bool) -> None:
    if item is None:
        return
    if as_json:
        print_json(_facts(item))
        return
    click.echo(f"{item.pid}: {item.entity_name}, version {item.version}, changed {item.changed}")
    rows = [{"attribute": name, "value": value} for name, value in item.attributes]
    print_rows(rows, as_json=False, shown=("attribute", "value"), empty="No attributes.")
    files = [
        {"file": each.filename, "resource": each.name, "type": each.mime_type, "bytes": each.size}
        for each in item.resources
    ]
    click.echo()
    print_rows(files, as_json=False, shown=("file", "resource", "type", "bytes"), empty="No files.")


def _facts(item: Item) -> dict[str, Any]:
    return {
        "pid": item.pid,
        "id": item.id,
        "version": item.version,
        "document_type": item.entity_name,
        "acl": item.acl,
        "created": item.created,
        "changed": item.changed,
        "attributes": [{"name": name, "value": value} for name, value in item.attributes],
        "files": [
            {
                "name": each.name,
                "filename": each.filename,
                "mime_type": each.mime_type,
                "bytes": each.size,
            }
            for each in item.resources
        ],
    }
