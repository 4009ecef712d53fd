"""A person who edits a document is named to others on its page, until the values are saved."""

from __future__ import annotations

from tests.support.whole import Site

_TOLD = "has had this document open for editing since"


def test_who_edits_is_told_to_others_and_can_be_taken_over(site: Site) -> None:
    document = f"/documents/{site.document_id()}"
    site.add_user("bert")
    assert _TOLD not in site.browser.text(f"{document}/correct")
    site.sign_in_as("bert")
    assert f"ada {_TOLD}" in site.browser.text(document)
    assert f"ada {_TOLD}" in site.browser.text(f"{document}/correct")
    taken = site.browser.send(f"{document}/correct/take-over", form_at=document)
    assert _TOLD not in taken.text
    assert "The editing was taken over from ada." in taken.text
    site.sign_in_as("ada")
    assert f"bert {_TOLD}" in site.browser.text(document)
    site.sign_in_as("bert")
    changed = {"value due_date": "2031-01-01", "seen due_date": ""}
    assert site.browser.send(f"{document}/correct", changed).status_code in (200, 409)
    # Nothing is changed by these, and the form is closed all the same.
    site.browser.send(f"{document}/correct", {})
    site.sign_in_as("ada")
    assert _TOLD not in site.browser.text(document)
