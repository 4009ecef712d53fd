"""A document is moved to another company on a page that tells what follows."""

from __future__ import annotations

from tests.support.whole import Site


def test_a_document_is_moved_and_the_second_of_two_is_told(site: Site) -> None:
    document = f"/documents/{site.document_id()}"
    site.browser.send("/settings/companies/new", {"name": "North", "postal_code": "1"})
    with site.application.database.read() as work:
        (north,) = site.application.identity.list_sub_organizations(work.within(site.organization))
    page = f"{document}/move"
    assert f'href="{page}"' in site.browser.get(document).text
    assert "holds until somebody accepts it" in site.browser.text(page)
    choice = {"place": north.id, "seen": "main"}
    moved = site.browser.send(page, choice)
    assert "The document was moved." in moved.text
    assert "It was moved from The organization itself to North." in moved.text
    assert "has moved the document to North meanwhile" in site.browser.send(page, choice).text
    wrong = site.browser.send(page, {"place": "org_none", "seen": north.id})
    assert wrong.status_code == 422
    assert 'id="place-error"' in wrong.text
