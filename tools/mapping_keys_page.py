"""Write the manual's tables of the keys of mapping files from the tables of their grammars.

Run as `python -m tools.mapping_keys_page` after a grammar has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ionport.mappings.grammars.m3_fields import M3_FIELDS, M3Field
from ionport.mappings.grammars.sections import LN_SECTIONS, M3_SECTIONS, Section
from ionport.mappings.lint.bod import BOD_KEYS
from ionport.mappings.rendering.idm import EXPRESSIONS, LISTS, PAGE_LANGUAGE, PREFIXES
from ionport.mappings.rendering.m3_toml import CONFLICTS, EXPORT

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "ionport" / "manual" / "mapping-keys.md"

_HEAD = """\
# Keys of mapping files

What the grammars of [mapping files](/manual/mapping-files) know. A line is `key = value`; lists are
separated by commas; `#` begins a comment line. A name in a list needs its line:
`Index_Fields=invoice_id` and `IF_invoice_id=…`.
"""


def mapping_keys_page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_idm(), *_bod(), *_m3(), *_ln(), *_toml()])


def _idm() -> Iterator[str]:
    yield "## IDM\n"
    yield f"Lists: {_codes(LISTS)}. Expressions joined by `+`: {_codes(EXPRESSIONS)}."
    yield f"Prefixes of lines: {_codes(PREFIXES)}. Language of the page: `{PAGE_LANGUAGE}`."
    yield "Every other key is a document type: `INVOICE=M3_SupplierInvoice`.\n"


def _bod() -> Iterator[str]:
    yield "## BOD\n"
    yield f"{_codes(sorted(BOD_KEYS))}\n"


def _m3() -> Iterator[str]:
    yield "## M3\n"
    yield "`TF_x` in a field's line is a column of the row; anything else a field of the head.\n"
    yield from _sections(M3_SECTIONS)
    yield "\nFields, with `*` where M3 demands one:\n"
    for transaction, fields in M3_FIELDS.items():
        yield f"- {transaction}: {', '.join(_field(field) for field in fields.values())}"
    yield ""


def _field(field: M3Field) -> str:
    star = "*" if field.is_mandatory else ""
    return f"`{field.name}`{star} {field.type.value}{field.length}"


def _ln() -> Iterator[str]:
    yield "## LN\n"
    yield "Names are attributes of the business data entity; `auto` counts rows from 1.\n"
    yield from _sections(LN_SECTIONS)
    yield ""


def _sections(sections: Mapping[str, Section]) -> Iterator[str]:
    yield "| section | constants | prefix | fields | prefix | table |"
    yield "|---|---|---|---|---|---|"
    for section in sections.values():
        tables = _codes(section.table_keys) or section.table or "none"
        yield (
            f"| {section.id} | `{section.constants}` | `{section.constant_prefix}` |"
            f" {_codes(section.fields)} | `{section.field_prefix}` | {tables} |"
        )


def _toml() -> Iterator[str]:
    yield "## M3 in TOML\n"
    yield f"`[{EXPORT}.<section>.fields]` has a line for each field of M3: a constant, `[field]` of"
    yield "the head or `[[column]]` of the row. The sections are those of M3."
    yield f"`[[{CONFLICTS}.rule]]` adds rows of another section where its criteria match."


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(mapping_keys_page() + "\n", encoding="utf-8")
