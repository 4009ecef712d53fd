"""IDM mappings: the grammar of docs/reference/mapping-files.md#idm, and the item it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.mappings.grammars.aliases import CORRELATION_ID, comparable, document_field, field_id
from ionport.mappings.grammars.properties import Properties, parse_properties
from ionport.mappings.model import IdmItem, RenderSource
from ionport.mappings.rendering.model import Traced
from ionport.mappings.rendering.tables import header_value
from ionport.mappings.rendering.values import clean

# The fields that tell suppliers apart.
SUPPLIER_FIELDS = ("supplier_tax_id", "supplier_id", "supplier_name")
LISTS = ("Static_Values", "Static_Fields", "Index_Fields", "EMBEDDED_FILES_EXPORT")
EXPRESSIONS = ("ACL_Fields", "Searchable_PDF_Name")
PAGE_LANGUAGE = "SV_PageLanguage"
PREFIXES = ("SV_", "SF_", "IF_", "EFE_")
_MAX_NAME = 180
_EXTENSIONS = {
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/pdf": ".pdf",
    "application/json": ".json",
    "text/csv": ".csv",
}
_KNOWN_EXTENSION = re.compile(
    r"\.(?:pdf|xml|edi|json|csv|txt|html?|tiff?|png|jpe?g)$", re.IGNORECASE
)
# Characters that some file system or IDM client cannot handle, besides control characters.
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True)
class FieldReference:
    """A part of an expression that is replaced by the value of a document field."""

    field_id: str


Expression = tuple[str | FieldReference, ...]


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """Which file inside the document becomes a further file of the item, and its name.

    `source_name` is `XML_DOCUMENT.xml` (the invoice as it was received) or the name of an
    attachment, where `*` stands for any letters.
    """

    source_name: str
    entity_name: str
    filename: Expression

    def is_for(self, name: str) -> bool:
        """Tell whether a file of this name is meant; capital letters do not matter."""
        return fnmatchcase(name.casefold(), self.source_name.casefold())


@dataclass(frozen=True, slots=True)
class AttributeLine:
    """A line that fills an attribute: by a constant, or by a field or term of the document."""

    attribute: str
    key: str
    constant: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class IdmMapping:
    """A read IDM mapping. `entities` is keyed by the comparable document type.

    `lines` has the number of each line by its key.
    """

    entities: Mapping[str, str]
    attributes: tuple[AttributeLine, ...]
    acl: Expression
    filename: Expression
    embedded_files: tuple[EmbeddedFile, ...]
    lines: Mapping[str, int]
    # The language of the page that is made of an XML invoice; empty: not given.
    page_language: str = ""

    @property
    def correlation_attribute(self) -> str | None:
        """The attribute that carries the correlation id, by which an item is found again."""
        return self.attribute_of(CORRELATION_ID)

    def attribute_of(self, name: str) -> str | None:
        """Return the first attribute that carries a document field, None when none does.

        It counts whether the file names the field, or the term that the field is made from.
        """
        fields = ((line.attribute, line.field) for line in self.attributes if line.field)
        return next((attr for attr, field in fields if document_field(field) == name), None)

    def entity_name(self, document_type: str) -> str:
        """Return the IDM entity for a document type; raises InvalidInput when there is none."""
        entity = self.entities.get(comparable(document_type))
        if entity is None:
            raise InvalidInput(
                _(
                    "The IDM mapping has no line for documents of type {type}. Add"
                    " “{type}=<IDM document type>” to the file."
                ).format(type=document_type),
                code="document_type_not_mapped",
            )
        return entity


def is_document_type_key(key: str) -> bool:
    """Tell whether `key` names a document type: every key does that is no word of the grammar."""
    return key not in LISTS and key not in EXPRESSIONS and not key.startswith(PREFIXES)


def parse_idm_mapping(text: str) -> IdmMapping:
    """Read an IDM mapping as it is; the linter reports what is wrong with it."""
    properties = parse_properties(text)
    return IdmMapping(
        entities={
            comparable(line.key): line.value
            for line in properties
            if line.value and is_document_type_key(line.key)
        },
        attributes=(
            *(
                AttributeLine(name, "SF_" + name, constant=properties.get("SF_" + name))
                for name in properties.names("Static_Fields")
            ),
            *(
                AttributeLine(attribute, "IF_" + name, field=field_id(name))
                for name in properties.names("Index_Fields")
                if (attribute := properties.get("IF_" + name))
            ),
        ),
        acl=parse_expression(properties, properties.get("ACL_Fields")),
        filename=parse_expression(properties, properties.get("Searchable_PDF_Name")),
        embedded_files=tuple(
            EmbeddedFile(
                properties.get(f"EFE_{name}_SOURCE_NAME"),
                properties.get(f"EFE_{name}_EXPORT_DOC_TYPE"),
                parse_expression(properties, properties.get(f"EFE_{name}_EXPORT_FILENAME")),
            )
            for name in properties.names("EMBEDDED_FILES_EXPORT")
        ),
        lines={line.key: line.line for line in properties},
        page_language=properties.get(PAGE_LANGUAGE).lower(),
    )


def parse_expression(properties: Properties, text: str) -> Expression:
    """Read `ref+ref+…`: SV_ and SF_ stand for their texts, IF_ for a document field's value."""
    parts: list[str | FieldReference] = []
    for reference in filter(None, (part.strip() for part in text.split("+"))):
        if reference.startswith("IF_"):
            parts.append(FieldReference(field_id(reference.removeprefix("IF_"))))
        else:
            parts.append(properties.get(reference))
    return tuple(parts)


def render_idm_item(mapping: IdmMapping, source: RenderSource) -> IdmItem:
    """Return the IDM item for a document; raises InvalidInput when its type is not mapped.

    A field with a value wins over a constant for the same attribute; without one the constant
    stays. Attributes without any value are left out.
    """
    attributes = _attributes(mapping, source)
    return IdmItem(
        entity_name=mapping.entity_name(source.document_type),
        attributes=tuple((value.target, value.value) for value in attributes),
        acl=_evaluate(mapping.acl, source) or None,
        filename=_filename(_evaluate(mapping.filename, source), source),
        mime_type=source.mime_type,
    )


def explain_idm(mapping: IdmMapping, source: RenderSource) -> tuple[Traced, ...]:
    """Return the values of the item with lines and fields; raises as `render_idm_item`."""
    item = render_idm_item(mapping, source)
    type_key = next(
        key for key in mapping.lines if comparable(key) == comparable(source.document_type)
    )
    made = (
        (_("document type"), item.entity_name, type_key, ()),
        (_("access control list"), item.acl or "", "ACL_Fields", _fields_in(mapping.acl)),
        (_("file name"), item.filename, "Searchable_PDF_Name", _fields_in(mapping.filename)),
    )
    return (
        *_attributes(mapping, source),
        *(
            Traced(target, value, mapping.lines.get(key), key, sources)
            for target, value, key, sources in made
            if value
        ),
    )


def _attributes(mapping: IdmMapping, source: RenderSource) -> list[Traced]:
    """Return one value for each attribute that gets one, constants in front."""
    constants: dict[str, Traced] = {}
    from_fields: dict[str, Traced] = {}
    for line in mapping.attributes:
        text = header_value(source, line.field) if line.field else line.constant
        if text:
            number = mapping.lines.get(line.key)
            value = clean(text, number, line.key)
            sources = (line.field,) if line.field else ()
            traced = Traced(line.attribute, value, number, line.key, sources)
            if line.field:
                from_fields.setdefault(line.attribute, traced)
            else:
                constants[line.attribute] = traced
    return list((constants | from_fields).values())


def _fields_in(expression: Expression) -> tuple[str, ...]:
    return tuple(part.field_id for part in expression if isinstance(part, FieldReference))


def embedded_filename(file: EmbeddedFile, source: RenderSource, own_name: str) -> str:
    """Return the name that a file inside the document gets; it ends as its own name does."""
    extension = PurePosixPath(own_name).suffix
    for candidate in (_evaluate(file.filename, source), own_name):
        stem = _stem(candidate.removesuffix(extension) if extension else candidate)
        if stem:
            return stem + _UNSAFE.sub("_", extension)
    return "attachment" + _UNSAFE.sub("_", extension)


def _evaluate(expression: Expression, source: RenderSource) -> str:
    return "".join(
        part if isinstance(part, str) else source.fields.get(part.field_id, "")
        for part in expression
    )


def _filename(wanted: str, source: RenderSource) -> str:
    """Return a safe file name with the ending of the content's type, whatever the mapping says."""
    own = _KNOWN_EXTENSION.search(source.file_name)
    extension = _EXTENSIONS.get(source.mime_type) or (own[0] if own else "")
    for candidate in (wanted, source.file_name):
        if stem := _stem(candidate):
            return stem + extension
    return "document" + extension


def _stem(candidate: str) -> str:
    stem = _UNSAFE.sub("_", _KNOWN_EXTENSION.sub("", candidate.strip()))
    return stem.strip(" .")[:_MAX_NAME]
