"""`ionport document-type list|show|export|import|effect|approvals`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ionport.cli.opening import opened_documents
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.core.errors import InvalidInput
from ionport.documents.review.organization_rules import default_effect
from ionport.documents.type_settings.model import TypeSettings, settings_as_json, settings_of
from ionport.documents.types import DOCUMENT_TYPES

_MAX_BYTES = 1024 * 1024
_TYPE = click.Choice(sorted(DOCUMENT_TYPES), case_sensitive=False)


@click.group("document-type")
def document_type() -> None:
    """Document side: fields, effects of findings and approvals of a document type."""


@document_type.command("list")
@as_json_option
@click.pass_context
def type_list(ctx: click.Context, as_json: bool) -> None:
    """List the document types with what is set for them."""
    rows = []
    with opened_documents(ctx) as documents, documents.read() as access:
        service = documents.side.types
        for kind in DOCUMENT_TYPES.values():
            settings = service.get(access, kind.id)
            rows.append(
                {
                    "id": kind.id,
                    "name": kind.label,
                    "fields": len(settings.fields),
                    "effects": len(settings.effects),
                    "first_approval_from": _amount(settings.approvals.first_from),
                    "second_approval_from": _amount(settings.approvals.second_from),
                }
            )
    print_rows(rows, as_json=as_json, shown=tuple(rows[0]), empty="")


@document_type.command("show")
@click.argument("type_id", metavar="TYPE", type=_TYPE)
@as_json_option
@click.pass_context
def type_show(ctx: click.Context, type_id: str, as_json: bool) -> None:
    """Show the fields of a document type, and what is set for them."""
    with opened_documents(ctx) as documents, documents.read() as access:
        settings = documents.side.types.get(access, type_id)
    if as_json:
        print_json(settings_as_json(settings))
        return
    for field in DOCUMENT_TYPES[type_id].fields:
        one = settings.fields.get(field.id)
        words = [f"{field.id} ({field.type.value}, {field.label})"]
        if one is not None:
            words += [name for name in ("required", "read_only") if getattr(one, name)]
            words += [f"pattern {one.pattern}"] if one.pattern else []
            words += [f"at most {one.max_length}"] if one.max_length else []
            words += [f"one of {', '.join(one.values)}"] if one.values else []
            words += [f"ERP {one.erp_field_name}"] if one.erp_field_name else []
        click.echo("; ".join(words))
    for code, effect in sorted(settings.effects.items()):
        click.echo(f"{code}: {effect.value} (by default it {default_effect(code).value})")


@document_type.command("export")
@click.argument("type_id", metavar="TYPE", type=_TYPE)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: standard output.",
)
@click.pass_context
def type_export(ctx: click.Context, type_id: str, output: Path | None) -> None:
    """Write the settings of a document type as JSON that can be imported."""
    with opened_documents(ctx) as documents, documents.read() as access:
        settings = documents.side.types.get(access, type_id)
    text = json.dumps(settings_as_json(settings), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
        return
    output.write_text(text + "\n", encoding="utf-8")
    click.echo(f"Wrote {output}.")


@document_type.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file, and change nothing.")
@as_json_option
@click.pass_context
def type_import(ctx: click.Context, file: Path, dry_run: bool, as_json: bool) -> None:
    """Replace the settings of the document type that a JSON FILE names."""
    with file.open("rb") as opened_file:
        content = opened_file.read(_MAX_BYTES + 1)
    settings = settings_of(_parsed(content))
    if not dry_run:
        _change(ctx, settings.document_type, lambda _before: settings)
    if as_json:
        print_json(settings_as_json(settings))
    else:
        click.echo(f"{'Could be' if dry_run else 'Is'} set: {settings.document_type}.")


@document_type.command("effect")
@click.argument("type_id", metavar="TYPE", type=_TYPE)
@click.argument("rule")
@click.argument("effect", type=click.Choice(["holds", "notes", "default"]))
@click.pass_context
def type_effect(ctx: click.Context, type_id: str, rule: str, effect: str) -> None:
    """Let a RULE hold or note for documents of the TYPE, or do what it does by default.

    What is wrong with identity, account or currency always holds.
    """

    def changed(before: TypeSettings) -> TypeSettings:
        data = settings_as_json(before)
        data["effects"].pop(rule, None)
        if effect != "default":
            data["effects"][rule] = effect
        return settings_of(data)

    _change(ctx, type_id, changed)
    click.echo(f"{rule}: {default_effect(rule).value if effect == 'default' else effect}.")


@document_type.command("approvals")
@click.argument("type_id", metavar="TYPE", type=_TYPE)
@click.option("--first-from", help="Total from which one approval is needed; empty: never.")
@click.option("--second-from", help="Total from which two are needed; empty: never.")
@click.option(
    "--by-itself/--by-person",
    "by_itself",
    default=None,
    help="Whether what nothing holds and nobody has to approve is exported by itself.",
)
@as_json_option
@click.pass_context
def type_approvals(
    ctx: click.Context,
    type_id: str,
    first_from: str | None,
    second_from: str | None,
    by_itself: bool | None,
    as_json: bool,
) -> None:
    """Set from which total documents of the TYPE need one or two approvals."""
    given = {
        "first_from": first_from,
        "second_from": second_from,
        "exports_by_itself": by_itself,
    }

    def changed(before: TypeSettings) -> TypeSettings:
        data = settings_as_json(before)
        data["approvals"] |= {name: one for name, one in given.items() if one is not None}
        return settings_of(data)

    settings = _change(ctx, type_id, changed)
    row = settings_as_json(settings)["approvals"]
    if as_json:
        print_json(row)
    else:
        click.echo(
            f"One from {row['first_from'] or 'never'}, two from {row['second_from'] or 'never'};"
            f" exported {'by itself' if row['exports_by_itself'] else 'by a person'}."
        )


def _change(
    ctx: click.Context, type_id: str, changed: Callable[[TypeSettings], TypeSettings]
) -> TypeSettings:
    with opened_documents(ctx) as documents, documents.write() as access:
        service = documents.side.types
        settings = changed(service.get(access, type_id))
        service.put(access, settings)
    return settings


def _parsed(content: bytes) -> Any:
    if len(content) > _MAX_BYTES:
        raise InvalidInput("The file has more than 1 MB.")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"This is no JSON: {error}.") from error


def _amount(amount: object) -> str:
    return "never" if amount is None else str(amount)
