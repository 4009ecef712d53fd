"""Data Fabric and LN's OData as public clients call them (docs/reference/clients.md).

Each sends what its program was seen to send (addresses with and without a slash at the end, its
parameters and headers), and reads of the answer what that program reads.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.support.infor_side import TENANT, InforSide, infor_side_on

COMPASS = f"/{TENANT}/DATAFABRIC/compass/v2"
LAKE = f"/{TENANT}/DATAFABRIC/datalake/v2"
CATALOG = f"/{TENANT}/DATAFABRIC/datacatalog/v1"
INGESTION = f"/{TENANT}/DATAFABRIC/ingestion/v1/dataobjects"
ODATA = f"/{TENANT}/LN/lnapi/odata"
SQL = "SELECT ITNO, QTY FROM Stock ORDER BY ITNO"
ROWS = [{"ITNO": "A1", "QTY": 5}, {"ITNO": "A2", "QTY": 7}]
MANY_POLLS = 200


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The gateway's address and a token; the lake has one object with two rows."""
    for side in infor_side_on("sqlite", tmp_path_factory.mktemp("side")):
        yield side.url, _filled(side)


def _filled(side: InforSide) -> str:
    token = side.log_in(side.credentials())
    with httpx2.Client(base_url=side.url, headers={"Authorization": f"Bearer {token}"}) as client:
        schema = {"properties": {"ITNO": {"type": "string"}, "QTY": {"type": "integer"}}}
        stock = {"name": "Stock", "type": "JSON", "schema": schema, "properties": None}
        assert client.post(f"{CATALOG}/object", json=stock).status_code == 200
        assert _ingest(client, "lid://acme.erp.m3").is_success
    return token


def _ingest(client: httpx2.Client, logical_id: str) -> httpx2.Response:
    content = b'{"ITNO":"A1","QTY":5}\n{"ITNO":"A2","QTY":7}\n'
    return client.post(
        INGESTION,
        data={"dl_document_name": "Stock", "dl_from_logical_id": logical_id},
        files={"file": ("Stock", zlib.compress(content), "application/json")},
    )


@pytest.fixture
def client(token: tuple[str, str]) -> Iterator[httpx2.Client]:
    url, bearer = token
    # Of itself a client here sends none of httpx2's own headers.
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {bearer}"}) as client:
        del client.headers["Accept"], client.headers["User-Agent"]
        yield client


def polled(ask: Callable[[], httpx2.Response]) -> dict[str, Any]:
    """Ask for a status until the query has ended, as every client does."""
    for _time in range(MANY_POLLS):
        answer = ask().json()
        if answer["status"] in ("FINISHED", "FAILED"):
            return dict(answer)
    raise AssertionError("the query does not end")


def test_a_browser_extension_queries_compass(client: httpx2.Client) -> None:
    """It adds the location to the service's address and splits the NDJSON of a page."""
    text = {"Content-Type": "text/plain"}
    posted = client.post(f"{COMPASS}/jobs/?queryExecutor=datalake", content=SQL, headers=text)
    location, query = posted.json()["location"], posted.json()["queryId"]
    ended = polled(lambda: client.get(f"{COMPASS}/{location}/?timeout=0&queryExecutor=datalake"))
    assert ended["status"] == "FINISHED"
    page = f"{COMPASS}/jobs/{query}/result/?queryExecutor=datalake&offset=0&limit=1000"
    data = client.get(page, headers={"Accept": "application/x-ndjson"}).text
    assert [line for line in data.split("\n") if line] == [
        '{"ITNO":"A1","QTY":5}',
        '{"ITNO":"A2","QTY":7}',
    ]
    empty = f"{COMPASS}/jobs/{query}/result/?queryExecutor=datalake&offset=2&limit=1000"
    assert client.get(empty, headers={"Accept": "application/x-ndjson"}).text == ""


def test_a_web_page_writes_bearer_in_lower_case(client: httpx2.Client) -> None:
    """Its server adds a header Charset, and one that only an answer should have."""
    headers = {
        "Authorization": client.headers["Authorization"].replace("Bearer", "bearer"),
        "content-Type": "text/plain",
        "Charset": "utf-8",
        "Access-Control-Allow-Origin": "*",
        "Accept": "application/json",
    }
    posted = client.post(f"{COMPASS}/jobs/", content=SQL, headers=headers)
    query = posted.json()["queryId"]
    status = f"{COMPASS}/jobs/{query}/status/?timeout=0"
    assert polled(lambda: client.get(status, headers=headers))["status"] == "FINISHED"
    assert client.get(f"{COMPASS}/jobs/{query}/result/", headers=headers).json() == ROWS


def test_a_c_sharp_program_leaves_the_slash_out(client: httpx2.Client) -> None:
    posted = client.post(
        f"{COMPASS}/jobs", content=SQL, headers={"Content-Type": "text/plain; charset=utf-8"}
    )
    answer = {name.lower(): value for name, value in posted.json().items()}
    status = f"{COMPASS}/jobs/{answer['queryid']}/status"
    assert polled(lambda: client.get(status))["status"] == "FINISHED"


def test_a_script_asks_for_all_records_and_reads_json(client: httpx2.Client) -> None:
    text = {"Content-Type": "text/plain"}
    posted = client.post(f"{COMPASS}/jobs/?records=0", content=SQL, headers=text)
    query = posted.json()["queryId"]
    polled(lambda: client.get(f"{COMPASS}/jobs/{query}/status/"))
    result = f"{COMPASS}/jobs/{query}/result/?limit=100"
    assert client.get(result, headers={"Accept": "application/json"}).json() == ROWS


def test_a_spreadsheets_add_in_reads_csv_without_asking_for_it(client: httpx2.Client) -> None:
    text = {"Content-Type": "text/plain"}
    query = client.post(f"{COMPASS}/jobs/", content=SQL, headers=text).json()["queryId"]
    polled(lambda: client.get(f"{COMPASS}/jobs/{query}/status/"))
    result = f"{COMPASS}/jobs/{query}/result?limit=100000&offset=0"
    lines = client.get(result, headers={"Accept": "*/*"}).text.replace('"', "").split("\n")
    assert [line.strip() for line in lines if line] == ["ITNO,QTY", "A1,5", "A2,7"]


def test_a_spreadsheets_add_in_shows_why_a_row_is_not_ingested(client: httpx2.Client) -> None:
    refused = _ingest(client, "lid://infor.erp.m3")
    assert refused.status_code == 400
    assert "lid://infor.erp.m3" in refused.json()["errors"][0]["message"]
    client.headers["Authorization"] = "Bearer expired"
    unknown = _ingest(client, "lid://acme.erp.m3")
    assert unknown.status_code == 401
    assert isinstance(unknown.json()["error"], str)


def test_a_node_program_fetches_a_result_without_asking_for_the_status(
    client: httpx2.Client,
) -> None:
    text = {"Content-Type": "text/plain"}
    posted = client.post(f"{COMPASS}/jobs/?queryExecutor=datalake", content=SQL, headers=text)
    query = posted.json()["queryId"]
    result = client.get(f"{COMPASS}/jobs/{query}/result/?offset=0&limit=10")
    assert (result.status_code, "A2" in result.text) == (200, True)


def test_a_shell_script_of_v1_follows_the_location_from_the_host(client: httpx2.Client) -> None:
    base = f"/{TENANT}/IONSERVICES/datalakeapi/v1/compass/jobs"
    text = {"Content-Type": "text/plain"}
    posted = client.post(f"{base}?resultFormat=text%2Fcsv", content=SQL, headers=text)
    assert posted.status_code == 202
    location, query = posted.json()["location"], posted.json()["queryId"]
    # 202 while it runs, 201 when it has ended; 200 would mean that it was cancelled.
    for _time in range(MANY_POLLS):
        status = client.get(location)
        if status.status_code != 202:
            break
    assert status.status_code == 201
    assert [each["name"] for each in status.json()["columns"]] == ["ITNO", "QTY"]
    assert client.get(f"{base}/{query}/result").text.split() == ["ITNO,QTY", "A1,5", "A2,7"]


def test_a_node_program_lists_the_lake_with_blanks_in_its_filter(client: httpx2.Client) -> None:
    condition = "(dl_document_name eq 'Stock') and (event_date gt '2026-01-01T00:00:00.000Z')"
    listed = client.get(f"{LAKE}/dataobjects?sort=event_date:asc&records=50&filter={condition}")
    (one,) = listed.json()["fields"]
    assert one["event_date"] > "2026-01-01"
    content = client.get(
        f"{LAKE}/dataobjects/{one['dl_id']}",
        headers={"Accept": "application/octet-stream", "Accept-Encoding": "identity"},
    )
    # The last line break has to go before commas take the place of the others.
    assert f"[{content.text.rstrip().replace(chr(10), ',')}]".count("ITNO") == 2


def test_a_provisioning_check_pings_lists_and_inflates(client: httpx2.Client) -> None:
    assert client.get(f"{LAKE}/ping").text.strip().strip('"').upper() == "OK"
    assert client.get(f"{LAKE}/version").text
    first = client.get(f"{LAKE}/dataobjects", params={"records": 1, "page": 1}).json()
    assert first["numFound"] == 1
    address = f"{LAKE}/dataobjects/{first['fields'][0]['dl_id']}"
    with client.stream("GET", address, headers={"Accept-Encoding": "deflate"}) as answer:
        packed = b"".join(answer.iter_raw())
    inflate = (zlib.decompress, lambda data: zlib.decompress(data, -15), gzip.decompress)
    assert inflate[0](packed).count(b"\n") == 2


def test_an_extraction_sums_the_instances_that_it_downloads(client: httpx2.Client) -> None:
    condition = 'dl_document_date ge "2026-01-01T00:00:00.000Z"'
    listed = client.get(f"{LAKE}/dataobjects", params={"filter": condition}).json()["fields"]
    assert sum(each["dl_instance_count"] for each in listed) == 2


def test_a_clean_up_deletes_by_a_filter_that_finds_nothing(client: httpx2.Client) -> None:
    condition = (
        "dl_document_name eq 'Stock' and dl_document_date range"
        " [2023-06-26T00:00:00.000Z, 2024-07-18T07:50:06.821Z]"
    )
    query = {"filter": condition, "includeArchived": "true"}
    answer = client.delete(f"{LAKE}/dataobjects/filter", params=query)
    assert (answer.status_code, answer.json()) == (200, {"purgedNumber": 0})


def test_an_import_tool_reads_an_object_of_the_catalog_or_its_status(client: httpx2.Client) -> None:
    found = client.get(f"{CATALOG}/object/Stock").json()
    assert {"name", "type", "schema", "properties", "lastUpdatedOn", "lastUpdatedBy"} <= set(found)
    assert client.get(f"{CATALOG}/object/Nothing").status_code == 404


def test_a_customer_page_lists_lns_partners(client: httpx2.Client) -> None:
    """It adds `company` of its own, and reads `value` with number and name of each."""
    listed = client.get(f"{ODATA}/tcapi.comBusinessPartner/BusinessPartners?$top=5&company=200")
    assert all(each["BusinessPartner"] and each["Name"] for each in listed.json()["value"])


def test_a_tool_server_reads_the_metadata_and_changes_by_etag(client: httpx2.Client) -> None:
    """It finds sets and keys in the JSON CSDL, and sends the etag that it has read."""
    service = "tfapi.acpReceivedPurchaseInvoice"
    described = client.get(f"{ODATA}/{service}/$metadata").json()[service]
    (name,) = (each for each, kind in described["Container"].items() if "$Type" in kind)
    kind = described["Container"][name]["$Type"].rpartition(".")[2]
    keys = described[kind]["$Key"]
    invoice = {
        "SupplierCode": "SUP000001",
        "InvoiceNumberSupplier": "CRUD-1",
        "InvoiceAmount": 10,
        "InvoiceDate": "2026-03-01",
        "InvoiceCurrency": "EUR",
    }
    created = client.post(f"{ODATA}/{service}/{name}", json=invoice).json()
    address = f"{ODATA}/{service}/{name}({','.join(f'{key}={created[key]}' for key in keys)})"
    match = {"If-Match": created["@odata.etag"], "OData-Version": "4.0"}
    changed = client.patch(f"{address}?$select=*", json={"Reference": "A"}, headers=match)
    assert changed.json()["Reference"] == "A"
    stale = client.delete(address, headers=match)
    assert (stale.status_code, stale.json()["error"]["details"]) == (412, [])
    match = {"If-Match": changed.json()["@odata.etag"]}
    assert client.delete(address, headers=match).status_code == 204


def test_a_warehouse_page_is_told_which_services_there_are(client: httpx2.Client) -> None:
    """Its own service is not imitated; `error.message` is what it shows."""
    units = f"{ODATA}/whapi.wmdHandlingUnit/HandlingUnits(HandlingUnit='HU1')?$select=*"
    refused = client.get(units, headers={"Accept": "application/json"})
    assert refused.status_code == 404
    assert "tcapi.comBusinessPartner" in refused.json()["error"]["message"]
    assert refused.json()["error"]["details"] == []
