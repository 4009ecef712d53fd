"""A connection to a folder or a server is added, proved, used and changed on pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.sftp import PASSWORD, sftp_server
from tests.support.sides import until
from tests.support.whole import Site

_NEW = "/settings/connections/new"


def test_an_sftp_server_is_added_used_by_a_configuration_and_changed(
    site: Site, tmp_path: Path
) -> None:
    kinds = site.browser.get("/settings/connections/kinds").text
    assert f'href="{_NEW}/sftp"' in kinds
    (tmp_path / "in").mkdir()
    with sftp_server(tmp_path) as server:
        account = server.account()
        values = {
            "name": "Invoices of the bank",
            "host": account.host,
            "port": str(account.port),
            "username": account.username,
            "host_key": account.host_key,
            "folder": "/in",
            "secret": PASSWORD,
            "method": "sftp",
        }
        refused = site.browser.send(f"{_NEW}/sftp", {**values, "host_key": "no key"})
        assert refused.status_code == 422
        assert "Write the server&#39;s public key" in refused.text
        assert PASSWORD not in refused.text
        form = site.browser.send(f"{_NEW}/sftp", values)
        page = f"/settings/connections/{form.url.params['connection']}"
        assert until(lambda: "Proving" not in site.browser.get(f"{page}/proof").text)
        proof = site.browser.get(f"{page}/proof").text
        assert proof.count("stage-passed") == 5, proof
    assert form.url.path == "/settings/export/new/sftp", form.text
    connection_id = str(form.url.params["connection"])
    assert f'<option value="{connection_id}" selected>' in form.text
    fields = {
        "title": "To the bank",
        "document_type": "INVOICE",
        "connection": connection_id,
        "filename_mode": "document_id",
        "history": "on",
    }
    wrong = site.browser.send("/settings/export/new/sftp", {**fields, "folder": "../x"})
    assert wrong.status_code == 422
    made = site.browser.send("/settings/export/new/sftp", fields)
    assert re.fullmatch(r"/settings/export/exp_\w+", made.url.path), made.text
    assert "sftp://scans@127.0.0.1" in made.text
    edit = site.browser.get(f"{page}/edit").text
    assert PASSWORD not in edit
    del values["secret"], values["method"]
    changed = site.browser.send(f"{page}/edit", {**values, "folder": "/other"})
    assert changed.url.path == page
    assert "/other" in changed.text


def test_what_is_wrong_with_a_connection_is_told_at_once_its_name_too(site: Site) -> None:
    refused = site.browser.send(f"{_NEW}/sftp", {"name": " ", "host": "", "port": "22"})
    assert refused.status_code == 422
    for field in ("name", "host", "username", "host_key", "secret"):
        assert f'id="{field}-error"' in refused.text, field


def test_local_folders_are_added_below_the_root_alone(site: Site, tmp_path: Path) -> None:
    values = {"name": "Out", "folder": str(tmp_path / "out")}
    refused = site.browser.send(f"{_NEW}/folder", values)
    assert refused.status_code == 403
    assert "ionport connection add-folder" in refused.text


@pytest.mark.parametrize("address", [f"{_NEW}/ftp", "/settings/connections/con_1/edit"])
def test_what_there_is_not_is_not_found(site: Site, address: str) -> None:
    assert site.browser.get(address).status_code == 404
