"""A preview and a dry run show the calls with the origin of each value, and send nothing."""

from __future__ import annotations

import html
import re
import shlex

import pytest

from ionport.core.errors import Unavailable
from ionport.documents.samples import read_sample
from ionport.exports.destinations.data_models import TenantDataModels
from ionport.identity.access import Access
from ionport.mappings.grammars.files import own_template
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingKind
from tests.support.sides import OPERATOR, until
from tests.support.web import said
from tests.support.whole import INVOICE, Site

M3 = """\
StaticFields=CONO,IBTP
SF_CONO=100
SF_IBTP=20
HeaderFields=SUNO,IVDT,SINO,CUAM
HF_SUNO=supplier_id
HF_IVDT=invoice_date
HF_SINO=invoice_id
HF_CUAM=total_amount
InvoiceReceiptStaticFields=RDTP
IR_SF_RDTP=1
InvoiceReceiptFields=NLAM
IRF_NLAM=TF_NET_AMOUNT
"""
LN = """\
StaticFields=FinancialCompany
SF_FinancialCompany=200
HeaderFields=SupplierCode,InvoiceNumberSupplier
HF_SupplierCode=supplier_id
HF_InvoiceNumberSupplier=invoice_id
"""
TOML = """\
[export_configuration.header.fields]
CONO = "100"
SUNO = "[supplier_id]"
IVDT = "[invoice_date]"
SINO = "[invoice_id]"
"""


def _add(site: Site, name: str, text: str) -> str:
    assert site.application.documents is not None
    with site.application.database.write() as work:
        version = site.application.documents.mappings.add(
            Access(work, site.organization, OPERATOR), name, prepare_mapping(text.encode())
        )
    return f"/settings/mapping-files/{version.mapping_id}"


@pytest.mark.parametrize(
    ("name", "text", "calls"),
    [
        ("idm", own_template(MappingKind.IDM)[1].decode(), ["IDM/api/items"]),
        ("bod", own_template(MappingKind.BOD)[1].decode(), ["v2/multipartMessage"]),
        ("m3", M3, ["AddHead", "AddLine"]),
        ("toml", TOML, ["AddHead"]),
        ("ln", LN, ["LN/c4ws/services"]),
    ],
)
def test_each_kind_is_previewed_with_the_origin_of_its_values(
    site: Site, name: str, text: str, calls: list[str]
) -> None:
    document, path = site.document_id(INVOICE), _add(site, f"{name}.mapping", text)
    page = site.browser.get(f"{path}?document={document}")
    assert page.status_code == 200
    shown = said(page.text)
    for call in calls:
        assert call in shown
    assert "RE-2026-0417" in shown
    assert re.search(r'data-line="\d+">Line \d+</a>\s*<span class="sources">invoice_id', page.text)
    assert "go nowhere" in shown
    assert 'data-copy="curl -X POST' in page.text
    assert "$TOKEN" in shown
    deliveries = site.browser.text("/deliveries")
    assert "RE-2026-0417" not in deliveries


def test_what_cannot_be_rendered_is_told_with_its_line_and_keeps_the_editor_alive(
    site: Site,
) -> None:
    document = site.document_id(INVOICE)
    path = _add(site, "m3.properties", M3.replace("SF_IBTP=20", "SF_IBTP=far too long"))
    shown = said(site.browser.get(f"{path}?document={document}").text)
    assert "cannot be sent to M3" in shown
    assert "ine 3" in shown
    assert site.browser.get(f"{path}?document=doc_none").status_code == 200


def test_a_dry_run_shows_both_calls_and_what_stands_in_the_way(site: Site) -> None:
    document = site.document_id(INVOICE)
    path = str(site.add_export(credential=site.credentials()).url.path)
    asked = site.browser.text(f"{path}/dry-run")
    assert "Choose a document" in asked
    page = site.browser.get(f"{path}/dry-run?document={document}")
    shown = said(page.text)
    assert "IDM: create the item" in shown
    assert "ION: publish the BOD" in shown
    assert "It is held" not in shown
    assert site.application.documents is not None
    with site.application.database.write() as work:
        access = Access(work, site.organization, OPERATOR)
        site.application.documents.documents.decisions.hold(access, document, "asks back")
    held = said(site.browser.get(f"{path}/dry-run?document={document}").text)
    assert "Document : It is held:" in held
    assert "ION: publish the BOD" in held, "the calls are told all the same"
    by_document = said(site.browser.get(f"/documents/{document}/dry-run").text)
    assert "ION: publish the BOD" in by_document
    assert site.browser.get(f"{path}/dry-run?document=doc_none").status_code == 404
    assert "Dry run" in site.browser.text(f"/documents/{document}")


def test_our_own_files_lack_nothing_that_the_sandbox_has(site: Site) -> None:
    document = site.document_id(INVOICE)
    path = str(site.add_export(credential=site.credentials()).url.path)
    assert until(lambda: "pill-progress" not in site.browser.get(path).text)
    shown = said(site.browser.get(f"{path}/dry-run?document={document}").text)
    assert "Nothing stands in the way" in shown, shown[:1500]
    assert "Compare with the tenant" in site.browser.text(path)
    assert "has all that the file names" in site.browser.text(f"{path}?tenant=asked")


def test_a_dry_run_tells_by_line_what_the_tenants_idm_lacks(site: Site) -> None:
    document = site.document_id(INVOICE)
    text = own_template(MappingKind.IDM)[1].decode()
    text = re.sub(r"(?m)^(INVOICE|Invoice)=.*$", r"\1=No_Such_Type", text)
    mapping = _add(site, "lacking.properties", text).rpartition("/")[2]
    path = str(site.add_export(credential=site.credentials(), idm_mapping=mapping).url.path)
    assert until(lambda: "pill-progress" not in site.browser.get(path).text)
    shown = said(site.browser.get(f"{path}/dry-run?document={document}").text)
    assert "the connection is proved" not in shown
    asked = site.browser.text(f"{path}?tenant=asked")
    assert re.search(r"Tenant Line \d+: .*No_Such_Type", asked)
    assert re.search(r"IDM mapping : Line \d+: .*No_Such_Type", shown), shown[:1500]


def test_an_activation_tells_first_what_the_tenants_idm_lacks(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_template(MappingKind.IDM)[1].decode()
    text = own.replace("IF_supplier_id=BOD_RemitToPartyID", "IF_supplier_id=No_Such_Attribute")
    mapping = _add(site, "lacking.properties", text).rpartition("/")[2]
    path = str(site.add_export(credential=site.credentials(), idm_mapping=mapping).url.path)
    assert until(lambda: "pill-progress" not in site.browser.get(path).text)
    asked = site.browser.text(f"{path}/activate")
    assert re.search(r"Tenant Line \d+: .*has no attribute No_Such_Attribute", asked)

    def away(*_of: object) -> None:
        raise Unavailable("The tenant does not answer.")

    monkeypatch.setattr(TenantDataModels, "entities", away)
    unproved = site.browser.text(f"{path}/activate")
    assert re.search(r"Unproved The tenant.s data model could not be asked. The tenant", unproved)
    assert "is active" in said(site.browser.send(f"{path}/activate", {}).text)


def test_a_call_as_a_command_is_one_command_whatever_the_values_are(site: Site) -> None:
    nasty = read_sample(INVOICE).replace(b"Nordwerk Werkzeuge GmbH", b'O\'Hara; $(rm) "x" \\')
    answer = site.browser.send("/documents/upload", files=[("files", ("n.xml", nasty))])
    found = re.search(r"/documents/(doc_\w+)", answer.text)
    assert found is not None
    for kind in (MappingKind.IDM, MappingKind.BOD):
        path = _add(site, f"{kind.value}.properties", own_template(kind)[1].decode())
        page = site.browser.get(f"{path}?document={found[1]}").text
        curl = re.search(r"<code>(curl -X .*?)</code>", page, re.DOTALL)
        assert curl is not None
        words = shlex.split(html.unescape(curl[1]).replace("\\\n", " "))
        assert words[:3] == ["curl", "-X", "POST"]
        assert sum("O'Hara; $(rm)" in word for word in words) == 1


def test_an_m3_mapping_becomes_a_file_in_its_other_form(site: Site) -> None:
    path = _add(site, "m3.properties", M3)
    assert "Convert to TOML" in site.browser.text(path)
    assert "Both forms make the same calls" in site.browser.text(f"{path}/convert")
    made = site.browser.send(f"{path}/convert", {"name": "m3.toml"})
    assert "m3.toml is added" in said(made.text)
    assert "M3 mapping (TOML)" in said(made.text)
    assert site.browser.send(f"{path}/convert", {"name": "m3.toml"}).status_code == 409
    idm = _add(site, "i.properties", own_template(MappingKind.IDM)[1].decode())
    assert site.browser.get(f"{idm}/convert").status_code == 422


def test_a_stylesheet_is_previewed_with_the_file_that_it_makes(site: Site) -> None:
    path = _add(site, "file.xslt", own_template(MappingKind.XSLT)[1].decode())
    page = site.browser.get(f"{path}?document={site.document_id()}").text
    assert "The file that is made" in page
    assert "&lt;invoice_id&gt;RE-2026-0417&lt;/invoice_id&gt;" in page
    assert "cURL" not in page
    assert "goes nowhere" not in page


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "long.toml",
            own_template(MappingKind.TOML)[1].decode()
            + """
[[conflict_resolution.rule]]
name = "long"
section = "receipt_lines"
[conflict_resolution.rule.match_criteria]
column = "quantity"
comparison_operator = "greater_than"
comparison_type = "0"
[[conflict_resolution.rule.actions]]
type = "receipt_lines"
[conflict_resolution.rule.actions.mapping]
"""
            + "".join(f'c{n} = "[c{n + 1}]"\n' for n in range(2_000)),
            "over 50 columns",
        ),
    ],
)
def test_a_file_without_calls_is_previewed_with_the_reason(
    site: Site, name: str, text: str, told: str
) -> None:
    path = _add(site, name, text)
    page = site.browser.get(f"{path}?document={site.document_id()}")
    assert page.status_code == 200
    assert told in said(page.text)
