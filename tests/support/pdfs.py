"""PDFs with files attached."""

from __future__ import annotations

import io

import pikepdf


def pdf_with(*files: tuple[str, bytes]) -> bytes:
    """Return a PDF of one blank page with `files` attached, in this order."""
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        for number, (name, content) in enumerate(files):
            pdf.attachments[f"{number}"] = pikepdf.AttachedFileSpec(pdf, content, filename=name)
        pdf.save(target)
    return target.getvalue()
