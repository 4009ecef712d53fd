"""A PDF's attached files are read in a process with limits, and a bad PDF is told apart."""

from __future__ import annotations

import io

import pikepdf
import pytest

from ionport.core.errors import InvalidInput
from ionport.core.unpacking.pdf import MAX_ATTACHMENTS, attachments, is_pdf


def _pdf(*files: tuple[str, bytes], password: str = "", pages: int = 1) -> bytes:
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        for _page in range(pages):
            pdf.add_blank_page()
        for number, (name, content) in enumerate(files):
            pdf.attachments[f"{number}"] = pikepdf.AttachedFileSpec(pdf, content, filename=name)
        encryption = pikepdf.Encryption(owner=password, user=password) if password else False
        pdf.save(target, encryption=encryption)
    return target.getvalue()


def test_attachments_come_with_their_names_and_bytes_whatever_they_are_called() -> None:
    found = attachments(_pdf(("rechnung.bin", b"<Invoice/>"), ("b", b"\0\xff" * 70_000)))
    assert [(each.name, each.content) for each in found] == [
        ("rechnung.bin", b"<Invoice/>"),
        ("b", b"\0\xff" * 70_000),
    ]


def test_a_pdf_without_attachments_has_none_and_may_begin_late() -> None:
    content = b"\n\r\n" + _pdf()
    assert is_pdf(content)
    assert attachments(content) == []
    assert not is_pdf(b"<Invoice/>" + b" " * 2000 + b"%PDF-")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_pdf(("a.xml", b"<a/>"), password="secret"), "pdf_encrypted"),
        (_pdf()[:200], "pdf_damaged"),
        (b"%PDF-1.7 nothing else", "pdf_damaged"),
        (_pdf(pages=0), "pdf_damaged"),
        (_pdf(*[("a", b"x")] * (MAX_ATTACHMENTS + 1)), "pdf_too_large"),
    ],
    ids=["encrypted", "cut off", "no pdf", "no page", "too many"],
)
def test_a_pdf_that_cannot_be_read_says_why(content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        attachments(content)
    assert raised.value.code == code


def test_an_attachment_that_unpacks_to_gigabytes_ends_its_process_alone() -> None:
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.attachments["bomb"] = pikepdf.AttachedFileSpec(pdf, b"\0" * 300_000_000)
        pdf.save(target, compress_streams=True)
    assert len(target.getvalue()) < 1_000_000
    with pytest.raises(InvalidInput, match="too large"):
        attachments(target.getvalue())
