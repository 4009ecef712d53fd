"""Upload results: what is held stands first, and what is ready is exported from there."""

from __future__ import annotations

import re

from tests.support.web import said
from tests.support.whole import Site
from tests.unit.web.pages.documents.test_export import MISMATCH, SAMPLE


def test_held_files_stand_first_and_the_ready_ones_are_exported_together(site: Site) -> None:
    held = MISMATCH.replace(b"RE-2026-0417", b"RE-2")
    files = [("files", ("ready.xml", SAMPLE)), ("files", ("held.xml", held))]
    fields = {"csrf_token": site.browser.csrf_token("/documents/upload")}
    page = site.browser.http.post("/documents/upload", data=fields, files=files).text
    assert re.findall(r'data-outcome="(\w+)"', page) == ["held", "in"]
    (ready,) = re.findall(r'name="document" value="([^"]+)" form="export-ready"', page)
    fields |= {"action": "export", "document": ready}
    assert "Export: 1 document" in said(site.browser.http.post("/documents/bulk", data=fields).text)
