"""Uploaded mapping files: decoding, recognising the kind, and the templates we ship."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.mappings.grammars.edits import with_values
from ionport.mappings.grammars.encodings import TextEncoding, decode
from ionport.mappings.grammars.properties import Properties, lines_of, parse_properties
from ionport.mappings.model import MappingKind

MAX_BYTES = 2 * 1024 * 1024
MAX_LINES = 20_000
XSLT_NAMESPACE = "http://www.w3.org/1999/XSL/Transform"


@dataclass(frozen=True, slots=True)
class Template:
    """A mapping file that ionport ships: what it is for, and its name."""

    kind: MappingKind
    document_types: tuple[str, ...]
    name: str


_INVOICES = ("INVOICE", "CREDIT_NOTE")
TEMPLATES = (
    Template(MappingKind.IDM, _INVOICES, "idm-invoice-m3.properties"),
    Template(MappingKind.IDM, ("ORDER_CONFIRMATION",), "idm-order-confirmation.properties"),
    Template(MappingKind.IDM, ("DELIVERY_NOTE",), "idm-delivery-note.properties"),
    Template(MappingKind.BOD, ("INVOICE",), "bod-invoice-m3.properties"),
    Template(MappingKind.BOD, ("ORDER_CONFIRMATION",), "bod-order-confirmation-m3.properties"),
    Template(MappingKind.BOD, ("DELIVERY_NOTE",), "bod-delivery-note-m3.properties"),
    Template(MappingKind.M3, _INVOICES, "m3-invoice.properties"),
    Template(MappingKind.TOML, _INVOICES, "m3-invoice.toml"),
    Template(MappingKind.LN, ("INVOICE",), "ln-invoice.properties"),
    Template(MappingKind.LN, ("CREDIT_NOTE",), "ln-credit-note.properties"),
    Template(
        MappingKind.XSLT,
        (*_INVOICES, "ORDER_CONFIRMATION", "DELIVERY_NOTE"),
        "xslt-document.xslt",
    ),
)
"""The templates, by kind. The published ION flow books every document as an invoice, so that no BOD
mapping is for credit notes; M3's and LN's grammars know invoices and notes alone."""

# The values that an administrator adapts in our templates, by their keys.
_TEMPLATE_KEYS = {"logical_id": "SFV_LogicalID", "accounting_entity": "SFV_AccountingEntityID"}
_ONE_WORD = re.compile(r"[!-~]{1,250}")
_TOML = re.compile(r"^[ \t]*\[{1,2}(?:export_configuration|conflict_resolution)\b", re.MULTILINE)
_BOD_KEY = re.compile(r"(?:DT_Path|\w+_COMMON_PATH|(?:SFP|GFP|POP|PFP|TCP|TNP)_\w+)")
_IDM_KEY = re.compile(r"(?:ACL_Fields|Searchable_PDF_Name|Static_Values|Index_Fields|SV_\w+)")
_ERP_KEY = re.compile(r"(?:StaticFields|HeaderFields|\w+(?:Static)?Fields|(?:\w+_)?[SHTRC]F_\w+)")
_M3_FIELD = re.compile(r"[A-Z][A-Z0-9]{3}")
# A TOML mapping may begin with a bracket as well, but with a name after it.
_JSON_LIST = re.compile(r"\[\s*[{\"\]]")
# The declaration, comments and instructions, then the root element, of any prefix.
_STYLESHEET = re.compile(
    r"[\ufeff\s]*(?:<\?[^>]*\?>\s*|<!--(?:(?!-->).)*-->\s*)*"
    r"<(?:[\w.-]+:)?(?:stylesheet|transform)[\s>/]",
    re.DOTALL,
)
_LONGEST_KEY = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_mapping(content: bytes) -> tuple[str, TextEncoding]:
    """Return the text of a mapping file, without its byte order mark, and how it is written.

    Raises:
        TooLarge: over 2 MiB or 20,000 lines; the vendor's longest file has under 500.
        InvalidInput: empty, another kind of file (named as what it is), or no text.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(
            _("The mapping file has {size} bytes; at most {limit} are accepted.").format(
                size=len(content), limit=MAX_BYTES
            ),
            code="mapping_too_large",
        )
    if not content.strip():
        raise InvalidInput(_("The mapping file is empty."), code="mapping_empty")
    _refuse_other(_other_binary(content))
    text, encoding = decode(content)
    _refuse_other(_other_text(text))
    if sum(1 for line in lines_of(text) if line.raw or line.ending) > MAX_LINES:
        raise TooLarge(
            _("The mapping file has more than {limit} lines.").format(limit=MAX_LINES),
            code="mapping_too_large",
        )
    if match := _CONTROL.search(text):
        raise InvalidInput(
            _("The mapping file has a control character in line {line}; remove it.").format(
                line=sum(1 for _line in lines_of(text[: match.start()]))
            ),
            code="mapping_control_character",
        )
    return text, encoding


def _refuse_other(other: str | None) -> None:
    if other:
        raise InvalidInput(
            _(
                "This is {other}, not a mapping file. Mapping files end in .properties, .toml"
                " or .xslt."
            ).format(other=other),
            code="not_a_mapping_file",
        )


def recognise_kind(text: str) -> MappingKind | None:
    """Tell by content which grammar a mapping file is written in; None when by none."""
    if is_stylesheet(text):
        return MappingKind.XSLT
    if _TOML.search(text):
        return MappingKind.TOML
    properties = parse_properties(text)
    keys = [key for key in properties.by_key if len(key) <= _LONGEST_KEY]
    if any(_BOD_KEY.fullmatch(key) for key in keys):
        return MappingKind.BOD
    if any(_IDM_KEY.fullmatch(key) for key in keys):
        return MappingKind.IDM
    if any(_ERP_KEY.fullmatch(key) for key in keys):
        return _m3_or_ln(properties)
    return None


def is_stylesheet(text: str) -> bool:
    """Tell whether the text is an XSLT, by its root element and the namespace of XSLT."""
    return XSLT_NAMESPACE in text and _STYLESHEET.match(text) is not None


def has_template(kind: MappingKind) -> bool:
    """Tell whether ionport ships a template of a kind."""
    return any(one.kind is kind for one in TEMPLATES)


def own_template(kind: MappingKind, document_type: str = "INVOICE") -> tuple[str, bytes]:
    """Return name and content of the template that ionport ships for documents of this type.

    Raises:
        InvalidInput: there is none of this kind for them.
    """
    for template in TEMPLATES:
        if template.kind is kind and document_type in template.document_types:
            files = resources.files("ionport.mappings")
            return template.name, files.joinpath("templates", template.name).read_bytes()
    raise InvalidInput(
        _("There is no template for documents of type {type}: {kind}.").format(
            type=document_type, kind=kind.label
        ),
        code="no_template",
    )


def template_values(kind: MappingKind) -> dict[str, str]:
    """Return the values of our template that an administrator adapts, with their defaults."""
    properties = parse_properties(own_template(kind)[1].decode())
    return {
        field: properties.get(key) for field, key in _TEMPLATE_KEYS.items() if properties.has(key)
    }


def filled_template(
    kind: MappingKind, values: Mapping[str, str], document_type: str = "INVOICE"
) -> tuple[str, bytes]:
    """Return our template with the values of `template_values` that an administrator has given.

    Where none of this kind is for documents of this type, it is the one for invoices: that it does
    not fit is reported when it is to be used (`missing_type`).

    Raises:
        InvalidInput: names the values that are missing, or no single words.
    """
    types = {name for one in TEMPLATES if one.kind is kind for name in one.document_types}
    name, content = own_template(kind, document_type if document_type in types else "INVOICE")
    given = {field: values.get(field, "") for field in template_values(kind)}
    text = _("Enter 1 to 250 letters, digits and signs without spaces.")
    if wrong := {field: text for field, value in given.items() if not _ONE_WORD.fullmatch(value)}:
        raise InvalidInput(text, fields=wrong)
    by_key = {_TEMPLATE_KEYS[field]: value for field, value in given.items()}
    return name, with_values(content.decode(), by_key).encode()


def _m3_or_ln(properties: Properties) -> MappingKind:
    """M3 names its fields in four capitals (SUNO), LN in words (FinancialCompany)."""
    fields = [name for key in ("StaticFields", "HeaderFields") for name in properties.names(key)]
    like_m3 = sum(bool(_M3_FIELD.fullmatch(name.upper())) for name in fields)
    return MappingKind.M3 if like_m3 * 2 > len(fields) else MappingKind.LN


def _other_binary(content: bytes) -> str | None:
    """Return what `content` is by its first bytes, in words for the user; None for text."""
    for signature, name in (
        (b"%PDF-", _("a PDF")),
        (b"PK\x03\x04", _("a ZIP archive or an Office file")),
        (b"\x89PNG", _("a picture")),
        (b"\xff\xd8\xff", _("a picture")),
        (b"\x1f\x8b", _("a GZIP archive")),
        (b"-----BEGIN ", _("a key or certificate")),
    ):
        if content.startswith(signature):
            return name
    return None


def _other_text(text: str) -> str | None:
    """Return what a text is that begins as no mapping file does; None when it may be one."""
    head = text.lstrip("\ufeff \t\r\n")
    if head.startswith("<") and not is_stylesheet(text):
        return _("an XML or HTML file")
    if head.startswith("{") or _JSON_LIST.match(head):
        is_credential = '"ti"' in head and '"ci"' in head
        return _("an ION API file (.ionapi)") if is_credential else _("JSON")
    return None
