"""What a delivery sends, rendered once: mappings prepared by version and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

from cachetools import LRUCache

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.documents.invoice.named_terms import NamedTerms
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.model import Document
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.documents.types import INVOICE_TABLE
from ionport.exports.destinations.port import AMOUNT_SIGN, RenderJob
from ionport.exports.model import Delivery
from ionport.mappings.grammars.aliases import term_id
from ionport.mappings.model import (
    BodEnvelope,
    MappingKind,
    MappingVersion,
    RenderSource,
)
from ionport.mappings.rendering.signs import AmountSign, with_sign
from ionport.store import OrganizationScope

_KEPT = 64
T = TypeVar("T")


class PreparedMappings:
    """Parses each version of a mapping once and keeps the last used: versions never change."""

    def __init__(self) -> None:
        self._prepared: LRUCache[str, Any] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    def __call__(self, version: MappingVersion, parse: Callable[[str], T]) -> T:
        """Return the result of `parse` for the version's text."""
        with self._lock:
            known: T | None = self._prepared.get(version.id)
        if known is not None:
            return known
        prepared = parse(version.text)
        with self._lock:
            self._prepared[version.id] = prepared
        return prepared


class Renderer:
    """Prepares what methods render of deliveries."""

    def __init__(self, readable_pages: ReadablePageService) -> None:
        self._readable_pages = readable_pages
        self._prepared = PreparedMappings()

    def job(
        self,
        delivery: Delivery,
        document: Document,
        versions: Mapping[MappingKind, MappingVersion],
        *,
        accepts_at_least_once: bool,
        envelope: BodEnvelope,
        more_fields: Mapping[str, str],
        options: Mapping[str, str],
    ) -> RenderJob:
        """Return what the delivery's payloads are rendered from.

        A field of the document wins over `more_fields`, which its company has. Where a mapping
        names a business term (`BT-13`), the invoice is read once more for it. Amounts of a credit
        note have the sign that `options` say.

        Raises:
            InvalidInput: the mapping must not be used.
        """
        for version in versions.values():
            _refuse_blocked(version, accepts_at_least_once=accepts_at_least_once)
        files = _Files(self._readable_pages, document)
        source = _source(document, files, more_fields, delivery.correlation_id)
        source = signed(source, options)
        return RenderJob(
            delivery, document, source, envelope, versions, self._prepared, files, options
        )


def signed(source: RenderSource, options: Mapping[str, str]) -> RenderSource:
    """Return the document with the sign of amounts that a configuration's options set."""
    sign = options.get(AMOUNT_SIGN)
    return with_sign(source, AmountSign(sign) if sign else None)


class SourceOf:
    """A document as mappings read it; its terms are read when first needed."""

    def __init__(
        self,
        readable_pages: ReadablePageService,
        document: Document,
        more_fields: Mapping[str, str],
        correlation_id: str,
    ) -> None:
        self._files = _Files(readable_pages, document)
        self.source = _source(document, self._files, more_fields, correlation_id)

    @property
    def terms(self) -> NamedTerms:
        """The invoice's terms as people have corrected them; raises IonportError."""
        return self._files.terms


def _source(
    document: Document, files: _Files, more_fields: Mapping[str, str], correlation_id: str
) -> RenderSource:
    """Return what mappings read: a field of the document wins over `more_fields`."""
    fields = {**more_fields, **document.fields, "correlation_id": correlation_id}
    return RenderSource(
        document_type=document.document_type,
        fields=_WithTerms(fields, lambda: files.terms.header),
        tables=_tables(document, files),
        file_name=document.filename,
        mime_type=document.mime_type,
        size_bytes=document.size_bytes,
    )


class _Files:
    """The files of one document."""

    def __init__(self, readable_pages: ReadablePageService, document: Document) -> None:
        self._readable_pages = readable_pages
        self._document_id = document.id
        self._content = document.content_sha256
        self._scope = OrganizationScope(document.organization_id)

    @cached_property
    def terms(self) -> NamedTerms:
        """The invoice's terms as people have corrected them; none of a PDF without an invoice."""
        return self._readable_pages.named_terms(self._scope, self._document_id)

    def line_terms(self, number: int) -> Mapping[str, str]:
        """Return the terms of the line with this number, from 0."""
        lines = self.terms.lines
        return lines[number] if number < len(lines) else {}

    def page(self, language: Language) -> str | None:
        try:
            return self._readable_pages.pdf_digest_of(self._scope, self._content, language)
        except InvalidInput as error:
            if error.code != "page_not_set":
                raise
            return None

    def embedded(self) -> Sequence[tuple[str, str]]:
        return self._readable_pages.embedded_files(self._scope, self._document_id)

    def history(self) -> bytes:
        return self._readable_pages.history(self._scope, self._document_id)


class _WithTerms(Mapping[str, str]):
    """Values by field or column id; a term's id is looked up in the invoice when it is read."""

    def __init__(self, values: Mapping[str, str], terms: Callable[[], Mapping[str, str]]) -> None:
        self._values = values
        self._terms = terms

    def __getitem__(self, name: str) -> str:
        return self._terms()[name] if term_id(name) else self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _tables(document: Document, files: _Files) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Return the tables, the rows of the invoice's with the terms of their lines behind them."""
    rows = [
        _WithTerms(row, partial(files.line_terms, number))
        for number, row in enumerate(document.tables.get(INVOICE_TABLE, ()))
    ]
    return {**document.tables, INVOICE_TABLE: rows} if rows else document.tables


def _refuse_blocked(version: MappingVersion, *, accepts_at_least_once: bool) -> None:
    """Raise InvalidInput for a version that must not be used: checked again after activation."""
    blocked = version.blocking(accept_at_least_once=accepts_at_least_once)
    if blocked:
        reasons = joined(*(part for each in blocked for part in (each.text, each.remedy)))
        raise InvalidInput(
            _("Version {number} of mapping “{name}” cannot be used: {reasons}").format(
                number=version.number, name=version.mapping_name, reasons=reasons
            ),
            code="mapping_blocked",
        )
