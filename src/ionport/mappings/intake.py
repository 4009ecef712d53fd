"""Reads and lints an uploaded mapping file; needs no transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.mappings.grammars.encodings import TextEncoding
from ionport.mappings.grammars.files import own_template, read_mapping, recognise_kind
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import Finding, MappingKind

USABLE_KINDS = frozenset(
    {MappingKind.IDM, MappingKind.BOD, MappingKind.M3, MappingKind.TOML, MappingKind.LN}
)
"""The kinds that an export method takes."""


@dataclass(frozen=True, slots=True)
class PreparedMapping:
    """A mapping file that can be stored: its kind, and what the linter finds in it.

    `sha256` is that of the file's bytes, which `text` and `encoding` give back.
    """

    kind: MappingKind
    text: str
    sha256: str
    findings: tuple[Finding, ...]
    encoding: TextEncoding = TextEncoding.UTF8


def prepare_mapping(content: bytes, kind: MappingKind | None = None) -> PreparedMapping:
    """Read and lint a mapping file. `kind` says what the caller expects.

    Raises:
        InvalidInput, TooLarge: not a mapping file, or of a kind that is not wanted here.
    """
    text, encoding = read_mapping(content)
    found = _wanted_kind(text, kind)
    sha256 = hashlib.sha256(content).hexdigest()
    return PreparedMapping(found, text, sha256, tuple(lint(found, text, encoding)), encoding)


def prepared_template(
    kind: MappingKind, document_type: str = "INVOICE"
) -> tuple[str, PreparedMapping]:
    """Return name and content of the template that ionport ships, read and linted."""
    name, content = own_template(kind, document_type)
    return name, prepare_mapping(content, kind)


def _wanted_kind(text: str, wanted: MappingKind | None) -> MappingKind:
    found = recognise_kind(text)
    if found is None:
        raise InvalidInput(
            _(
                "This is not a mapping file that ionport knows: it has none of the lines of a"
                " mapping for IDM, ION, M3 or LN, such as Index_Fields=… or HeaderFields=…."
            ),
            code="mapping_not_recognised",
        )
    if wanted is not None and found is not wanted:
        code = "mapping_of_other_kind" if found in USABLE_KINDS else "mapping_kind_unused"
        raise InvalidInput(wrong_kind_text(found, wanted), code=code)
    return found


def wrong_kind_text(found: MappingKind, wanted: MappingKind) -> str:
    """Return why a file of this kind is not taken, and what to do.

    A kind that no export method takes is named first: no other field of the form takes it.
    """
    if found not in USABLE_KINDS:
        return _(
            "By its content this file is: {found}. No export type takes such a file yet: the"
            " export types so far take mappings for IDM, ION, M3 and LN."
        ).format(found=found.label)
    return _(
        "This file is of the kind {found}, but {wanted} is needed here. Check whether two files"
        " were swapped."
    ).format(found=found.label, wanted=wanted.label)
