"""A mapping file is edited as rows, without JavaScript, and saved byte for byte."""

from __future__ import annotations

import httpx2

from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from tests.support.html_forms import form_with
from tests.support.web import said
from tests.support.whole import Site

IDM = own_template(MappingKind.IDM)[1].decode()
_LIST = "/settings/mapping-files"
_NEW = "IF_supplier_id=BOD_RemitToPartyID"


def _file(site: Site, text: str = IDM, name: str = "idm.properties") -> str:
    sent = [("files", (name, text.encode()))]
    return str(site.browser.send(f"{_LIST}/upload", {}, files=sent).url.path)


def _fields(page: httpx2.Response) -> dict[str, str]:
    return dict(form_with(page.text, "based_on").fields)


def _row(fields: dict[str, str], name: str) -> str:
    """Return the number of the row with this name."""
    return next(
        key.partition(".")[2] for key, value in fields.items() if value == name and "." in key
    )


def _send(site: Site, path: str, fields: dict[str, str], action: str) -> httpx2.Response:
    return site.browser.http.post(f"{path}/form", data={**fields, "action": action})


def test_a_row_is_changed_and_saved_and_every_other_byte_stays(site: Site) -> None:
    text = IDM.replace("\n", "\r\n").replace("IF_invoice_date=", "IF_invoice_date =  ")
    path = _file(site, text)
    fields = _fields(site.browser.get(f"{path}/form"))
    fields[f"value.{_row(fields, 'supplier_id')}"] = "Another_Attribute"
    checked = _send(site, path, fields, "check")
    assert "not saved" in said(checked.text)
    saved = _send(site, path, _fields(checked), "save")
    assert "Version 2 is saved" in said(saved.text)
    assert str(saved.url.path) == f"{path}/form"
    expected = text.replace("BOD_RemitToPartyID", "Another_Attribute").encode()
    assert site.browser.get(f"{path}/file").content == expected


def test_rows_are_added_moved_removed_and_mended_before_anything_is_saved(site: Site) -> None:
    path = _file(site, IDM + "IF_net_amount=Never_Listed\n")
    page = site.browser.get(f"{path}/form")
    assert "is defined but Index_Fields does not list it" in said(page.text)
    fix = next(
        part.partition('"')[0] for part in page.text.split('value="')[1:] if part.startswith("fix:")
    )
    fixed = _send(site, path, _fields(page), fix)
    assert "does not list it" not in said(fixed.text)
    new = {"new.group": "fields", "new.name": "BT-22", "new.value": "Note"}
    added = _send(site, path, {**_fields(fixed), **new}, "add")
    fields = _fields(added)
    assert fields["text"].count("BT-22") == 2
    up = _fields(_send(site, path, fields, f"up:{_row(fields, 'BT-22')}"))
    assert up["text"].index("IF_BT-22") < up["text"].index("IF_net_amount")
    left = _fields(_send(site, path, up, f"remove:{_row(up, 'net_amount')}"))
    assert "net_amount" not in left["text"]
    assert "version 1" in site.browser.text(path)


def test_a_fix_mends_what_the_page_showed_though_something_was_typed_meanwhile(
    site: Site,
) -> None:
    path = _file(site, IDM + "IF_net_amount=A\nIF_tax_amount=B\n")
    page = site.browser.get(f"{path}/form")
    fixes = [part.partition('"')[0] for part in page.text.split('value="fix:')[1:]]
    fields = _fields(page)
    fields[f"name.{_row(fields, 'net_amount')}"] = "currency"
    # The first one is about the line that was renamed; the last one is still about the other.
    mended = _fields(_send(site, path, fields, f"fix:{fixes[-1]}"))
    listed = next(line for line in mended["text"].splitlines() if line.startswith("Index_Fields"))
    assert listed.endswith(",tax_amount")
    assert "IF_currency=A" in mended["text"]


def test_what_cannot_be_written_is_told_beside_its_row_and_stays_typed(site: Site) -> None:
    path = _file(site)
    fields = _fields(site.browser.get(f"{path}/form"))
    number = _row(fields, "supplier_id")
    refused = _send(site, path, {**fields, f"name.{number}": "a=b"}, "save")
    assert refused.status_code == 422
    assert "A name has no" in said(refused.text)
    assert _fields(refused)[f"name.{number}"] == "a=b"
    again = {"new.group": "fields", "new.name": "supplier_id", "new.value": "X"}
    taken = _send(site, path, {**fields, **again}, "add")
    assert "There is a line with this name already" in said(taken.text)
    gone = _send(site, path, fields, "remove:9999")
    assert (gone.status_code, "not there any more" in said(gone.text)) == (422, True)
    for action in ("add", "fix:77", "page:-3", "up:x", "remove", "nonsense:1"):
        assert _send(site, path, fields, action).status_code in (200, 422)


def test_form_and_text_take_over_from_each_other_what_is_not_saved(site: Site) -> None:
    path = _file(site)
    fields = _fields(site.browser.get(f"{path}/form"))
    fields[f"value.{_row(fields, 'supplier_id')}"] = "Typed_Here"
    text = _fields(_send(site, path, fields, "text"))
    assert "IF_supplier_id=Typed_Here" in text["text"]
    text["text"] = text["text"].replace("Typed_Here", "Typed_There")
    form = _fields(_send(site, path, text, "check"))
    assert form[f"value.{_row(form, 'supplier_id')}"] == "Typed_There"


def test_somebody_elses_version_is_shown_beside_what_was_typed(site: Site) -> None:
    path = _file(site)
    fields = _fields(site.browser.get(f"{path}/form"))
    fields[f"value.{_row(fields, 'supplier_id')}"] = "Mine"
    theirs = {"text": IDM + "# theirs\n", "based_on": "1"}
    site.browser.send(path, theirs)
    conflict = _send(site, path, fields, "save")
    assert conflict.status_code == 409
    assert "IF_supplier_id=Mine" in _fields(conflict)["text"]
    site.browser.send(f"{path}/delete", {})
    lost = _send(site, path, fields, "save")
    assert lost.status_code == 404
    assert "IF_supplier_id=Mine" in form_with(lost.text, "text").fields["text"]


def test_a_stylesheet_has_its_text_alone(site: Site) -> None:
    path = _file(site, own_template(MappingKind.XSLT)[1].decode(), "x.xslt")
    answer = site.browser.get(f"{path}/form")
    assert str(answer.url.path) == path
    assert "A stylesheet has no form view" in said(answer.text)


def test_many_rows_come_in_pages_and_a_text_that_cannot_be_read_says_so(site: Site) -> None:
    names = [f"BT-{number}" for number in range(200)]
    many = "INVOICE=T\nIndex_Fields=" + ",".join(names) + "\n"
    path = _file(site, many + "".join(f"IF_{name}=A{name}\n" for name in names))
    first = site.browser.get(f"{path}/form")
    assert "Page 1 of 2" in said(first.text)
    second = _send(site, path, _fields(first), "page:2")
    assert "Page 2 of 2" in said(second.text)
    assert "IF_BT-199=ABT-199" in _fields(second)["text"]
    toml = _file(site, own_template(MappingKind.TOML)[1].decode(), "m3.toml")
    broken = {**_fields(site.browser.get(toml)), "text": "[export_configuration\n"}
    assert "No line of this text can be shown" in said(_send(site, toml, broken, "check").text)
