"""What LN answers on the wire: faults, their documented texts, and the WSDL.

Source: docs/reference/ln.md#soap.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from ionport.sandbox.ln.model import HEADER, LINES
from tests.support.examples import example_count
from tests.support.infor_side import (
    TENANT,
    InforSide,
    infor_side_on,
)
from tests.support.ln import (
    ADDRESS,
    COST,
    RECEIPT,
    TAX,
    changed,
    create,
    expression,
    header,
    keyed,
    new_invoice,
    post,
)
from tests.support.soap import (
    NAMESPACE,
    SERVICE,
    SOAP,
    Line,
    entities_of,
    invoice_xml,
    messages_of,
    request,
)

XSD = "http://www.w3.org/2001/XMLSchema"
WSDL = "http://schemas.xmlsoap.org/wsdl/"


@pytest.fixture(scope="module", params=["sqlite"])
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


def test_the_documented_message_of_a_value_that_is_not_numeric(client: httpx2.Client) -> None:
    """The texts of docs/reference/ln.md#soap, word by word."""
    text = """Request validation; Attr. 'ReceiptLine', Value " " : the value must be numeric."""
    for blank in (" ", ""):
        answer = create(client, invoice_xml(header(), [changed(RECEIPT, ReceiptLine=blank)]))
        assert answer.status_code == 500
        assert messages_of(answer.content) == [text]


def test_the_documented_message_of_a_wrong_logistic_company(client: httpx2.Client) -> None:
    answer = create(client, invoice_xml(header(), [changed(RECEIPT, LogisticCompany="300")]))
    assert answer.status_code == 500
    text = (
        "Delivery Note LS-7781, Order Type: Purchase, Order PUR000001, Position 10,"
        " Logistic Company 300, Goods Receipt RCP000001 not found in direct debit"
    )
    assert messages_of(answer.content) == [text]


def test_every_fault_in_a_request_is_told_at_once(client: httpx2.Client) -> None:
    """docs/reference/ln.md#soap: several errors stand in MessageDetails."""
    wrong = header(InvoiceAmount="12,50", InvoiceDate="01.03.2026", Colour="red")
    del wrong["SupplierCode"]
    answer = create(client, invoice_xml(wrong, [changed(COST, LineNumber="one")]))
    general, *details = messages_of(answer.content)
    assert general == "Multiple messages are reported"
    for name in ("InvoiceAmount", "InvoiceDate", "Colour", "SupplierCode", "LineNumber"):
        assert sum(f"Attr. '{name}'" in text for text in details) == 1
    assert len(details) == 5
    root = ElementTree.fromstring(answer.content)
    fault = root[0][0]
    assert [child.tag for child in fault] == ["faultcode", "faultstring", "detail"]
    assert [child.tag for child in fault[2]] == [f"{{{NAMESPACE}{SERVICE}}}Result", "message"]
    assert [each.get("ID") for each in root.iter("Message")] == ["m1", "m2", "m3", "m4", "m5"]


def test_what_is_not_there_or_not_imitated_is_a_fault(client: httpx2.Client) -> None:
    missing = {"ReceivedPurchaseInvoice": "999999"}
    for content in (
        keyed("Show", missing),
        keyed("Process", missing),
        keyed("Show", {"ReceivedPurchaseInvoice": "x"}),
        request("Show", ""),
        request("Create", ""),
        request("Delete", invoice_xml(missing)),
        request("Create", invoice_xml(header(), attribute=' actionType="delete"')),
        request("List", "", company="many"),
        request("List", "", service="BusinessPartner_v3"),
        request("List", "").replace("ListRequest", "Listing"),
        request("List", "").replace("Activation", "Start"),
        request("List", "").replace(SOAP, "http://www.w3.org/2003/05/soap-envelope"),
        f'<Envelope xmlns="{SOAP}"><Header><Activation/></Header><Body/></Envelope>',
        "<hello/>",
        "",
        "<unclosed>",
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    ):
        answer = post(client, content)
        assert answer.status_code == 500, content
        assert messages_of(answer.content)[0]
    for address in ("/LN/c4ws/services/SalesOrder", "/LN/c4ws/services/ä<"):
        answer = post(client, request("List", ""), address)
        assert answer.status_code == 404
        assert b"does not imitate" in answer.content


def test_what_is_not_imitated_of_lns_odata_is_told_in_odatas_shape(client: httpx2.Client) -> None:
    one = "/LN/lnapi/odata/tcapi.comBusinessPartner/BusinessPartners"
    for method, address, status in (
        ("GET", "/LN/lnapi/odata/tsapi.Nothing/Sets", 404),
        ("GET", "/LN/lnapi/plm", 404),
        *((method, one, 405) for method in ("POST", "PATCH", "PUT", "DELETE")),
    ):
        answer = client.request(method, address, headers={"Accept": "application/json"})
        assert answer.status_code == status
        error = answer.json()["error"]
        assert (error["code"].endswith("_not_imitated"), error["details"]) == (True, [])
        assert "does not imitate" in error["message"]


def _partners(content: str) -> str:
    area = f"<ControlArea>{content}</ControlArea>"
    return request("List", "", service="BusinessPartner_v3").replace(
        "<ListRequest>", f"<ListRequest>{area}"
    )


@pytest.mark.parametrize(
    "content",
    [
        "<Selection><selectionAttribute>NoSuch</selectionAttribute></Selection>",
        "<Selection><selectionAttribute>BusinessPartner_v3.No</selectionAttribute></Selection>",
        "<maxNumberOfObjects>0</maxNumberOfObjects>",
        "<maxNumberOfObjects>many</maxNumberOfObjects>",
    ],
)
def test_a_list_that_asks_for_what_cannot_be_is_a_fault(
    client: httpx2.Client, content: str
) -> None:
    answer = post(client, _partners(content), "/LN/c4ws/services/BusinessPartner_v3")
    assert answer.status_code == 500
    assert messages_of(answer.content, "BusinessPartner_v3")[0]


def test_a_list_has_as_many_objects_as_it_asks_for(client: httpx2.Client) -> None:
    address = "/LN/c4ws/services/BusinessPartner_v3"
    chosen = "<Selection><selectionAttribute>name</selectionAttribute></Selection>"
    for limit, count in ((1, 1), (3, 3), (500, 4)):
        most = f"<maxNumberOfObjects>{limit}</maxNumberOfObjects>"
        answer = post(client, _partners(f"{chosen}{most}"), address)
        assert answer.content.count(b"</BusinessPartner_v3>") == count
    assert client.put(ADDRESS).status_code == 405
    for address in (ADDRESS, f"{ADDRESS}?wsdl", f"{ADDRESS}?WSDL"):
        assert b"definitions" in client.get(address).content[:400]


def test_a_request_over_the_limit_is_refused(client: httpx2.Client) -> None:
    answer = post(client, b" " * 6_000_001)
    assert answer.status_code == 413
    assert b"<faultcode>soap:Client</faultcode>" in answer.content
    assert create(client, *(["<ReceivedPurchaseInvoice/>"] * 101)).status_code == 500
    many = create(client, invoice_xml(header(), [("InvoiceCost", {"Nothing": "x"})] * 5_000))
    assert len(messages_of(many.content)) == 101
    wide = "<Nothing/>" * 200_000
    answer = create(client, f"<{SERVICE}>{wide}</{SERVICE}>")
    assert "ReceivedPurchaseInvoice has too many attributes." in messages_of(answer.content)
    lines = [COST] * 5_001
    assert b"at most 5000 lines" in create(client, invoice_xml(header(), lines)).content


@pytest.mark.parametrize(
    "wrong",
    [
        expression("Colour", "eq", "red"),
        expression("InvoiceAmount", "about", "1"),
        expression("InvoiceAmount", "eq", "many"),
        expression("InvoiceAmount", "lt", "NaN"),
        expression("Reference", "like", "x" * 251),
        "<ComparisonExpression><attributeName>InvoiceDate</attributeName></ComparisonExpression>",
        "<LogicalExpression><logicalOperator>xor</logicalOperator></LogicalExpression>",
        "<Anything/>",
        expression("InvoiceAmount", "eq", "1").join(["<LogicalExpression>"] * 200),
    ],
)
def test_a_wrong_filter_is_refused(client: httpx2.Client, wrong: str) -> None:
    answer = post(client, request("List", "", control=f"<Filter>{wrong}</Filter>"))
    assert answer.status_code == 500
    assert messages_of(answer.content)[0]


def schema_of(wsdl: etree._Element) -> etree.XMLSchema:
    inner = wsdl.find(f"{{{WSDL}}}types/{{{XSD}}}schema")
    assert inner is not None
    return etree.XMLSchema(inner)


def test_answers_and_faults_keep_what_the_wsdl_says(client: httpx2.Client, side: InforSide) -> None:
    """docs/reference/ln.md#soap: rpc/literal, header part Activation, fault Result."""
    answer = client.get(f"{ADDRESS}?wsdl")
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    wsdl = etree.fromstring(answer.content)
    assert wsdl.get("targetNamespace") == f"{NAMESPACE}{SERVICE}"
    operations = wsdl.findall(f"{{{WSDL}}}portType/{{{WSDL}}}operation")
    names = [operation.get("name") for operation in operations]
    assert names == ["Create", "Show", "List", "Process"]
    soap_ns = "http://schemas.xmlsoap.org/wsdl/soap/"
    assert [each.get("style") for each in wsdl.iter(f"{{{soap_ns}}}binding")] == ["rpc"]
    (address,) = wsdl.iter(f"{{{soap_ns}}}address")
    assert address.get("location") == f"{side.url}/{TENANT}{ADDRESS}"

    key = new_invoice(client, TAX, RECEIPT, COST)
    declared = f'<w xmlns="{XSD}"><element name="{{0}}" type="bo:{{0}}Type"/></w>'
    for operation, content in (
        ("Create", request("Create", invoice_xml(header(), [TAX, RECEIPT, COST]))),
        ("Show", keyed("Show", key)),
        ("List", request("List", "")),
        ("Process", keyed("Process", key)),
    ):
        inner = etree.fromstring(answer.content).find(f"{{{WSDL}}}types/{{{XSD}}}schema")
        assert inner is not None
        for part in (f"{operation}Request", f"{operation}Response"):
            inner.append(etree.fromstring(declared.format(part))[0])
        answered = post(client, content).content
        schema = etree.XMLSchema(inner)
        for body in (content.encode(), answered):
            (wrapper,) = etree.fromstring(body).find(f"{{{SOAP}}}Body")  # type: ignore[misc]
            part = wrapper[0]
            part.tag = f"{{{NAMESPACE}{SERVICE}}}{part.tag}"
            schema.assertValid(etree.ElementTree(part))
    fault = create(client, invoice_xml(header(InvoiceAmount="x", InvoiceDate="y"))).content
    (result,) = etree.fromstring(fault).iter(f"{{{NAMESPACE}{SERVICE}}}Result")
    schema_of(wsdl).assertValid(etree.ElementTree(result))


def test_the_wsdl_knows_every_attribute(client: httpx2.Client) -> None:
    text = client.get(f"/LN/c4ws/services/{SERVICE.lower()}?WSDL").text
    for component in (HEADER, *LINES):
        for name in component.attributes:
            assert f'<xsd:element name="{name}"' in text
    assert client.get("/LN/c4ws/services/SalesOrder?wsdl").status_code == 404


FUZZ = settings(
    max_examples=example_count(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


NAMES = [*HEADER.attributes, *(name for line in LINES for name in line.attributes)]


TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<&>\ufffe\uffff"),
    max_size=20,
) | st.sampled_from(["1", "-1", "999999999", "9999999999", "2026-02-30", ".", "0x1", "१"])


@FUZZ
@given(
    values=st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=5),
    lines=st.lists(
        st.tuples(
            st.sampled_from([line.name for line in LINES]),
            st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=5),
        ),
        max_size=3,
    ),
)
def test_any_values_are_kept_or_told_to_be_wrong(
    client: httpx2.Client, values: dict[str, str], lines: list[Line]
) -> None:
    answer = create(client, invoice_xml(header(**values), lines))
    if answer.status_code == 200:
        (key,) = entities_of(answer.content, "Create")
        assert post(client, keyed("Process", key)).status_code == 200
    else:
        assert answer.status_code == 500
        assert messages_of(answer.content)[0]


@FUZZ
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_a_fault(client: httpx2.Client, content: bytes) -> None:
    answer = post(client, content)
    assert answer.status_code == 500
    assert messages_of(answer.content)[0]
