"""`ionport document render`: the readable page of an invoice, of a file or a stored document."""

from __future__ import annotations

from pathlib import Path

import click

from ionport.cli.documents.check import read_content
from ionport.cli.opening import opened_documents
from ionport.core.errors import InvalidInput
from ionport.core.unpacking.pdf import is_pdf
from ionport.documents.intake.imports.files import original_name
from ionport.documents.intake.reading import read_any
from ionport.documents.invoice.rendering.html import html_page
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.rendering.pdf import pdf_page
from ionport.documents.invoice.rendering.sheet import make_sheet


@click.command("render")
@click.argument("source", metavar="FILE|ID")
@click.option("--html", "kind", flag_value="html", help="Write one HTML file that loads nothing.")
@click.option("--pdf", "kind", flag_value="pdf", help="Write PDF/A-3 with the XML inside.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.",
)
@click.option(
    "--language",
    type=click.Choice([language.value for language in Language]),
    default=Language.ENGLISH.value,
    show_default=True,
    help="Language of labels and numbers.",
)
@click.pass_context
def document_render(
    ctx: click.Context, source: str, kind: str | None, output: Path, language: str
) -> None:
    """Write the readable page of an invoice, from a FILE or from the document ID.

    A file needs no data folder and is not stored. A PDF that was received is its own page: --html
    shows the invoice attached to it.
    """
    if kind is None:
        raise click.UsageError("Say --html or --pdf.")
    chosen = Language(language)
    file = Path(source)
    if file.exists() or not source.startswith("doc_"):
        page = _of_content(read_content(file), kind, chosen)
    else:
        page = _of_document(ctx, source, kind, chosen)
    try:
        output.write_bytes(page)
    except OSError as error:
        raise InvalidInput(f"{output} cannot be written: {error.strerror or error}.") from error
    click.echo(f"{output}: {len(page):,} bytes")


def _of_content(content: bytes, kind: str, language: Language) -> bytes:
    sheet = make_sheet(read_any(content), language)
    if kind == "html":
        return html_page(sheet).encode()
    if is_pdf(content):
        raise InvalidInput("The file is a PDF already. Say --html for the invoice inside.")
    return pdf_page(sheet, content, original_name(content))


def _of_document(ctx: click.Context, document_id: str, kind: str, language: Language) -> bytes:
    with opened_documents(ctx) as documents:
        scope, service = documents.scope, documents.side.readable_pages
        if kind == "html":
            return html_page(service.sheet(scope, document_id, language)).encode()
        return service.pdf(scope, document_id, language)
