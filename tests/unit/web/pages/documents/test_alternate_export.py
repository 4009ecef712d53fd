"""A document is exported through a configuration that a person chooses, active or not."""

from __future__ import annotations

import re

from tests.support.whole import INVOICE, Desk


def test_an_inactive_configuration_delivers_one_document(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    configuration = str(made.url.path).rpartition("/")[2]
    desk.upload(INVOICE)
    document = f"/documents/{desk.document_id()}"
    assert f'href="{document}/alternate-export"' in desk.browser.get(document).text
    form = desk.browser.get(f"{document}/alternate-export").text
    assert f'value="{configuration}"' in form
    nothing = desk.browser.send(f"{document}/alternate-export", {"configuration": ""})
    assert nothing.status_code == 422
    unknown = desk.browser.send(f"{document}/alternate-export", {"configuration": "exp_none"})
    assert unknown.status_code == 404
    begun = desk.browser.send(f"{document}/alternate-export", {"configuration": configuration})
    assert re.fullmatch(r"/deliveries/dlv_\w+", begun.url.path), begun.text
