from __future__ import annotations

import re

from tests.support.whole import Site


def base(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/connection-points"


def client_id(site: Site) -> str:
    site.add_app()
    page = site.browser.get(f"{base(site)}/add").text
    found = re.search(r'<option value="([^"]+~[^"]+)"', page)
    assert found is not None
    return found[1]


def add(site: Site, app: str, name: str = "DocBits_Export") -> str:
    fields = {"name": name, "client_id": app, "documents": "Sync.CaptureDocument"}
    answer = site.browser.send(f"{base(site)}/add", fields)
    assert answer.status_code == 200, answer.text
    return str(answer.url.path)


def test_a_connection_point_is_added_changed_and_deleted(site: Site) -> None:
    assert "No connection point yet" in site.browser.text(base(site))
    assert "there is none yet" in site.browser.text(f"{base(site)}/add")
    app = client_id(site)
    path = add(site, app)
    shown = site.browser.text(path)
    assert "lid://infor.ims.docbits_export" in shown
    fields = {"client_id": app, "documents": "Sync.CaptureDocument\nSync.PurchaseOrder"}
    answer = site.browser.send(path, fields)
    assert "Sync.PurchaseOrder" in answer.text
    assert "Sync.PurchaseOrder" in site.browser.text(base(site))
    assert "Connection point changed" in site.browser.text(path)
    site.browser.send(f"{path}/delete")
    assert "No connection point yet" in site.browser.text(base(site))


def test_a_connection_point_is_deactivated_and_activated(site: Site) -> None:
    path = add(site, client_id(site))
    assert "refused with 412" in site.browser.send(f"{path}/deactivate", form_at=path).text
    assert "No connection point matches" in site.browser.text(f"{base(site)}?status=active")
    assert "is active." in site.browser.send(f"{path}/activate", form_at=path).text


def test_wrong_fields_are_told_beside_them(site: Site) -> None:
    app = client_id(site)
    fields = {"name": "with blanks", "client_id": "", "documents": "a b-c"}
    answer = site.browser.send(f"{base(site)}/add", fields)
    assert answer.status_code == 422
    for name in ("name", "client_id", "documents"):
        assert f'id="{name}-error"' in answer.text
    path = add(site, app)
    again = site.browser.send(
        f"{base(site)}/add", {"name": "DOCBITS_EXPORT", "client_id": app, "documents": ""}
    )
    assert again.status_code == 409
    assert "lid://infor.ims.docbits_export already" in again.text
    answer = site.browser.send(path, {"client_id": "nobody", "documents": ""})
    assert answer.status_code == 422


def test_the_tenant_may_refuse_senders_without_a_connection_point(site: Site) -> None:
    assert "needs a connection point" in site.browser.send(base(site), {"is_strict": "on"}).text
    assert re.search(r'name="is_strict" checked', site.browser.get(base(site)).text)
    assert "when a new sender comes" in site.browser.send(base(site), {}).text


def test_only_administrators_of_the_tenant_see_connection_points(site: Site) -> None:
    path = add(site, client_id(site))
    site.add_user("bob")
    site.sign_in_as("bob")
    for address in (base(site), f"{base(site)}/add", path, f"{path}/delete"):
        assert site.browser.get(address).status_code == 403
    assert site.browser.get("/ion-api/OTHER_TST/connection-points").status_code == 404
