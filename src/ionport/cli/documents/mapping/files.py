"""`ionport mapping add|list|show|accept|withdraw`, and the commands of `lint.py` and `tools.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ionport.cli.documents.mapping.lint import finding_row, mapping_lint
from ionport.cli.documents.mapping.names import mapping_id_of
from ionport.cli.documents.mapping.tools import mapping_convert, mapping_diff, mapping_preview
from ionport.cli.opening import opened_documents
from ionport.cli.output import as_json_option, paged, print_json, print_page
from ionport.core.errors import NotFound
from ionport.core.paging import PageRequest
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingFile, MappingKind, MappingVersion

_SHOWN = ("name", "kind", "version", "updated", "by")


@click.group()
def mapping() -> None:
    """Document side: check, add, list, preview, compare and convert mapping files."""


for command in (mapping_lint, mapping_preview, mapping_diff, mapping_convert):
    mapping.add_command(command)


@mapping.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Name; default: the file's. The same name makes a new version.")
@as_json_option
@click.pass_context
def mapping_add(ctx: click.Context, file: Path, name: str | None, as_json: bool) -> None:
    """Add a mapping FILE of any kind, or a new version of it, and show what the linter finds."""
    with opened_documents(ctx) as documents:
        prepared = prepare_mapping(file.read_bytes())
        with documents.write() as access:
            version = documents.side.mappings.add(access, name or file.name, prepared)
    _print_version(version, as_json=as_json)


@mapping.command("list")
@click.option("--text", default="", help="Part of the name.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in MappingKind]),
    help="Only files of this kind.",
)
@paged
@as_json_option
@click.pass_context
def mapping_list(
    ctx: click.Context, text: str, kind: str | None, page: int, per_page: int, as_json: bool
) -> None:
    """List mapping files, by name."""
    wanted = MappingKind(kind) if kind else None
    with opened_documents(ctx) as documents, documents.read() as access:
        found = documents.side.mappings.list(access, PageRequest(page, per_page), wanted, text)
    empty = "No mapping files. Add one with: ionport mapping add FILE"
    print_page(found, _row, as_json=as_json, shown=_SHOWN, empty=empty)


@mapping.command("show")
@click.argument("name")
@click.option("--text", "only_text", is_flag=True, help="Print the file's text and nothing else.")
@as_json_option
@click.pass_context
def mapping_show(ctx: click.Context, name: str, only_text: bool, as_json: bool) -> None:
    """Show the newest version of a mapping file with what the linter finds."""
    with opened_documents(ctx) as documents:
        mapping_id = mapping_id_of(documents, name)
        with documents.read() as access:
            version = documents.side.mappings.latest_version(access, mapping_id)
    if only_text:
        click.echo(version.text, nl=False)
    else:
        _print_version(version, as_json=as_json)


@mapping.command("accept")
@click.argument("name")
@click.option(
    "--finding",
    "findings",
    multiple=True,
    help="A finding as `ionport mapping show --json` names it; default: all that hold the file.",
)
@click.option("--reason", required=True, help="Why the file may be used all the same.")
@click.pass_context
def mapping_accept(ctx: click.Context, name: str, findings: tuple[str, ...], reason: str) -> None:
    """Accept what holds the newest version of a mapping file, once and with a reason.

    What only mending helps against (a file of another kind, one that cannot be read) stays.
    """
    with opened_documents(ctx) as documents:
        mapping_id = mapping_id_of(documents, name)
        service = documents.side.mappings
        with documents.write() as access:
            version = service.latest_version(access, mapping_id)
            chosen = findings or [each.identity for each in version.blocking() if each.acceptable]
            if not chosen:
                raise NotFound(
                    f"Nothing that can be accepted holds {version.mapping_name}.",
                    code="no_such_finding",
                )
            accepted = service.accept(access, mapping_id, version.number, chosen, reason)
    for one in accepted:
        click.echo(f"Accepted: {one.finding}")


@mapping.command("withdraw")
@click.argument("name")
@click.option("--finding", required=True, help="A finding as `ionport mapping accept` names it.")
@click.pass_context
def mapping_withdraw(ctx: click.Context, name: str, finding: str) -> None:
    """Withdraw the acceptance of a finding: it holds the mapping file again."""
    with opened_documents(ctx) as documents:
        mapping_id = mapping_id_of(documents, name)
        with documents.write() as access:
            documents.side.mappings.withdraw_acceptance(access, mapping_id, finding)
    click.echo(f"No longer accepted: {finding}")


def _print_version(version: MappingVersion, *, as_json: bool) -> None:
    if as_json:
        print_json(_version_row(version))
        return
    click.echo(f"{version.mapping_name}, version {version.number} ({version.kind.label}).")
    for finding in version.findings:
        where = f"line {finding.line}: " if finding.line else ""
        accepted = " (accepted)" if finding.identity in version.accepted else ""
        says = f"{finding.severity.value}{accepted}: {where}{finding.text} {finding.remedy}"
        click.echo(f"  {says}".rstrip())


def _row(item: MappingFile) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "kind": item.kind.value,
        "version": item.latest_number,
        "updated": item.updated_at.isoformat(timespec="seconds"),
        "by": item.created_by,
    }


def _version_row(version: MappingVersion) -> dict[str, Any]:
    return {
        "id": version.mapping_id,
        "name": version.mapping_name,
        "kind": version.kind.value,
        "version": version.number,
        "sha256": version.sha256,
        "text": version.text,
        "findings": [
            finding_row(finding) | {"accepted": finding.identity in version.accepted}
            for finding in version.findings
        ],
    }
