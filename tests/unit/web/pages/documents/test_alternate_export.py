"""A document is exported through a configuration that a person chooses, active or not."""

from __future__ import annotations

import re

from tests.support.whole import INVOICE, Site


def test_an_inactive_configuration_delivers_one_document(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    configuration = str(made.url.path).rpartition("/")[2]
    site.upload(INVOICE)
    document = f"/documents/{site.document_id()}"
    assert f'href="{document}/alternate-export"' in site.browser.get(document).text
    form = site.browser.get(f"{document}/alternate-export").text
    assert f'value="{configuration}"' in form
    nothing = site.browser.send(f"{document}/alternate-export", {"configuration": ""})
    assert nothing.status_code == 422
    unknown = site.browser.send(f"{document}/alternate-export", {"configuration": "exp_none"})
    assert unknown.status_code == 404
    begun = site.browser.send(f"{document}/alternate-export", {"configuration": configuration})
    assert re.fullmatch(r"/deliveries/dlv_\w+", begun.url.path), begun.text
