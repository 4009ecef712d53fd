from __future__ import annotations

import re

from tests.support.whole import Desk


def base(desk: Desk) -> str:
    return f"/ion-api/{desk.tenant.tenant_id}/connection-points"


def client_id(desk: Desk) -> str:
    desk.add_app()
    page = desk.browser.get(f"{base(desk)}/add").text
    found = re.search(r'<option value="([^"]+~[^"]+)"', page)
    assert found is not None
    return found[1]


def add(desk: Desk, app: str, name: str = "DocBits_Export") -> str:
    fields = {"name": name, "client_id": app, "documents": "Sync.CaptureDocument"}
    answer = desk.browser.send(f"{base(desk)}/add", fields)
    assert answer.status_code == 200, answer.text
    return str(answer.url.path)


def test_a_connection_point_is_added_changed_and_deleted(desk: Desk) -> None:
    assert "No connection point yet" in desk.browser.text(base(desk))
    assert "there is none yet" in desk.browser.text(f"{base(desk)}/add")
    app = client_id(desk)
    path = add(desk, app)
    shown = desk.browser.text(path)
    assert "lid://infor.ims.docbits_export" in shown
    fields = {"client_id": app, "documents": "Sync.CaptureDocument\nSync.PurchaseOrder"}
    answer = desk.browser.send(path, fields)
    assert "Sync.PurchaseOrder" in answer.text
    assert "Sync.PurchaseOrder" in desk.browser.text(base(desk))
    assert "Connection point changed" in desk.browser.text(path)
    desk.browser.send(f"{path}/delete")
    assert "No connection point yet" in desk.browser.text(base(desk))


def test_a_connection_point_is_deactivated_and_activated(desk: Desk) -> None:
    path = add(desk, client_id(desk))
    assert "refused with 412" in desk.browser.send(f"{path}/deactivate", form_at=path).text
    assert "No connection point matches" in desk.browser.text(f"{base(desk)}?status=active")
    assert "is active." in desk.browser.send(f"{path}/activate", form_at=path).text


def test_wrong_fields_are_told_beside_them(desk: Desk) -> None:
    app = client_id(desk)
    fields = {"name": "with blanks", "client_id": "", "documents": "a b-c"}
    answer = desk.browser.send(f"{base(desk)}/add", fields)
    assert answer.status_code == 422
    for name in ("name", "client_id", "documents"):
        assert f'id="{name}-error"' in answer.text
    path = add(desk, app)
    again = desk.browser.send(
        f"{base(desk)}/add", {"name": "DOCBITS_EXPORT", "client_id": app, "documents": ""}
    )
    assert again.status_code == 409
    assert "lid://infor.ims.docbits_export already" in again.text
    answer = desk.browser.send(path, {"client_id": "nobody", "documents": ""})
    assert answer.status_code == 422


def test_the_tenant_may_refuse_senders_without_a_connection_point(desk: Desk) -> None:
    assert "needs a connection point" in desk.browser.send(base(desk), {"is_strict": "on"}).text
    assert re.search(r'name="is_strict" checked', desk.browser.get(base(desk)).text)
    assert "when a new sender comes" in desk.browser.send(base(desk), {}).text


def test_only_administrators_of_the_tenant_see_connection_points(desk: Desk) -> None:
    path = add(desk, client_id(desk))
    desk.add_user("bob")
    desk.sign_in_as("bob")
    for address in (base(desk), f"{base(desk)}/add", path, f"{path}/delete"):
        assert desk.browser.get(address).status_code == 403
    assert desk.browser.get("/ion-api/OTHER_TST/connection-points").status_code == 404
