"""Refuses files that are no invoice, and names their kind: a web page, a picture, an archive."""

from __future__ import annotations

from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import N_, _

BEFORE_XML: Final = b"\xef\xbb\xbf \t\r\n"
"""White space that is skipped before the first character of an XML file."""

_HEAD: Final = 1024
_ARCHIVE: Final = N_("an archive that is not unpacked; pack it as ZIP, or send the files alone")
_PICTURE: Final = N_("a picture")
_SIGNED: Final = N_("a signed file that cannot be opened; send the invoice that was signed")
_KINDS: Final = (
    (b"PK\x03\x04", N_("a ZIP archive or an Office file")),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\0", _PICTURE),
    (b"MM\0*", _PICTURE),
    (b"\x30\x82", _SIGNED),
    (b"MII", _SIGNED),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"\xd0\xcf\x11\xe0", N_("an old Office file or a mail of Outlook; save the mail as .eml")),
    (b"MZ", N_("a program")),
    (b"\x7fELF", N_("a program")),
    (b"{\\rtf", N_("a text document")),
)
"""How a file begins, and what it is then."""
_TEXT: Final = N_("a text without XML")
_OTHER: Final = N_("of a kind that is not known here")
# How XML begins: also in UTF-16 and UTF-32, with a byte order mark or without; EBCDIC is named.
_XML: Final = (b"<", b"\xff\xfe", b"\xfe\xff", b"\0", b"\x4c\x6f\xa7\x94")


def refuse_other_files(content: bytes) -> None:
    """Raise InvalidInput `not_an_einvoice` for what is neither XML nor empty; says what it is."""
    head = content[:_HEAD].lstrip(BEFORE_XML)
    if head.lower().startswith((b"<!doctype html", b"<html")):
        raise InvalidInput(
            _("This file is a web page, not an invoice. Download the invoice itself."),
            code="not_an_einvoice",
        )
    if not head or head.startswith(_XML):
        return
    is_text = all(byte >= 0x20 or byte in b"\t\r\n\f" for byte in head)
    other = _TEXT if is_text else _OTHER
    kind = next((kind for signature, kind in _KINDS if head.startswith(signature)), other)
    raise InvalidInput(
        _(
            "This file is no invoice: it is {kind}. ionport reads e-invoices as XML, and PDFs with"
            " the XML attached: upload the file that the supplier sent."
        ).format(kind=_(kind)),
        code="not_an_einvoice",
    )
