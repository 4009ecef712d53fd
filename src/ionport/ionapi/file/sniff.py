"""Recognises by content what was uploaded in place of an `.ionapi` file."""

from __future__ import annotations

import re

from ..wording import N_

_SIGNATURES = (
    (b"%PDF-", N_("a PDF document")),
    (b"PK\x03\x04", N_("a ZIP archive or an Office file")),
    (b"PK\x05\x06", N_("an empty ZIP archive")),
    (b"\x1f\x8b", N_("a GZIP archive")),
    (b"\x89PNG", N_("a picture")),
    (b"\xff\xd8\xff", N_("a picture")),
    (b"\xd0\xcf\x11\xe0", N_("an old Office file")),
    (b"-----BEGIN ", N_("a key or certificate in PEM form")),
)
_PROPERTY = re.compile(rb"^[A-Za-z_][\w.\\ -]*?\s*[=:]", re.MULTILINE)
# Words that only the vendor's mapping files have (docs/reference/mapping-files.md#lexical-rules).
_MAPPING = re.compile(
    rb"^(SFP?_|SFV_|GFP_|IFP?_|TCP_|TN_|SV_|IRF_|DT_Path|Index_Fields|Document_)", re.MULTILINE
)
_SERVICE_ACCOUNTS = re.compile(rb"access ?key[^\n]{0,40}[,;\t]", re.IGNORECASE)


def other_file_type(content: bytes) -> str | None:
    """What `content` is, in words for the user; None when it may be JSON."""
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            return name
    head = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:4096]
    if head.startswith((b"{", b"[")) or b"\x00" in head:
        return None
    if head[:200].lower().startswith((b"<!doctype html", b"<html")):
        return N_("an HTML page")
    if head.startswith(b"<"):
        return N_("an XML file")
    if _SERVICE_ACCOUNTS.search(head[:200]):
        return N_("the list of service accounts from User Management")
    if _MAPPING.search(head):
        return N_("a mapping file (.properties)")
    if len(_PROPERTY.findall(head)) >= 2 or head.startswith((b"#", b"!")):
        return N_("a .properties file")
    return None
