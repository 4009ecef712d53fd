"""Data Fabric as public clients call it: Compass, Data Lake, Data Catalog and Ingestion.

Source: docs/reference/data-fabric.md.
"""

from __future__ import annotations

import csv
import io
import json
import time
import zlib
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    TENANT,
    InforSide,
)

COMPASS = "/DATAFABRIC/compass/v2"
LAKE = "/DATAFABRIC/datalake/v2"
CATALOG = "/DATAFABRIC/datacatalog/v1"
INGESTION = "/DATAFABRIC/ingestion/v1/dataobjects"
V1 = "/IONSERVICES/datalakeapi/v1"
LOGICAL_ID = "lid://acme.erp.m3"
NDJSON = "application/x-ndjson"


@pytest.fixture(scope="module")
def items(side: InforSide, client: httpx2.Client) -> None:
    """Two objects of the catalog with content: one JSON, one DSV."""
    item = {"ITNO": {"type": "string", "x-position": 1}, "QTY": {"type": "number", "x-position": 2}}
    catalogue(client, "MITMAS", "JSON", {"properties": item})
    ingest(client, "MITMAS", b'{"ITNO":"A1","QTY":5}\n{"ITNO":"A2","QTY":7.5}\n')
    ingest(client, "MITMAS", b'{"ITNO":"B1","QTY":null}\n')
    group = {"CODE": {"type": "string", "x-position": 1}, "NAME": {"x-position": 2}}
    dialect = {"separator": ";", "headerLine": 1}
    catalogue(client, "Groups.Of", "DSV", {"properties": group, "dialect": dialect})
    ingest(client, "Groups.Of", b'CODE;NAME\nA1;"One; two"\nA2;\n', "text/csv")


def catalogue(client: httpx2.Client, name: str, kind: str, schema: dict[str, Any] | None) -> None:
    content = {"name": name, "type": kind, "schema": schema, "properties": None}
    assert client.post(f"{CATALOG}/object", json=content).status_code == 200


def ingest(
    client: httpx2.Client,
    name: str,
    content: bytes,
    kind: str = "application/json",
    **more: str,
) -> httpx2.Response:
    """As an Excel add-in does: text parts, and a zlib-deflated file."""
    parts = {"dl_document_name": name, "dl_from_logical_id": LOGICAL_ID, **more}
    file = ("data.deflate", zlib.compress(content), kind)
    return client.post(INGESTION, data=parts, files={"file": file})


def submit(client: httpx2.Client, sql: str, **query: Any) -> dict[str, Any]:
    answer = client.post(
        f"{COMPASS}/jobs/", params=query, content=sql, headers={"Content-Type": "text/plain"}
    )
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert job["status"] == "RUNNING"
    return job


def ended(client: httpx2.Client, sql: str, **query: Any) -> dict[str, Any]:
    """Submit a query and wait for its end with one long poll."""
    job = submit(client, sql, **query)
    answer = client.get(f"{COMPASS}/{job['location']}/", params={"timeout": 25})
    assert answer.status_code == 201, answer.text
    content: dict[str, Any] = answer.json()
    return content


def rows(client: httpx2.Client, sql: str, **query: Any) -> list[dict[str, Any]]:
    job = ended(client, sql, **query)
    assert job["status"] == "FINISHED", job
    answer = client.get(f"{COMPASS}/{job['location']}", headers={"Accept": NDJSON})
    return [json.loads(line) for line in answer.text.split("\n") if line]


@pytest.mark.on_each_database
@pytest.mark.usefixtures("items")
def test_a_query_is_polled_until_it_has_ended(client: httpx2.Client) -> None:
    """A browser extension: no wait in the poll, the relative location, rows as NDJSON."""
    job = submit(client, 'SELECT * FROM "MITMAS" ORDER BY ITNO', queryExecutor="datalake")
    assert job["location"] == f"jobs/{job['queryId']}/status"
    address = f"{COMPASS}/{job['location']}/"
    first = client.get(address, params={"timeout": 0})
    assert (first.status_code, first.json()["status"]) == (202, "RUNNING")
    while (status := client.get(address, params={"timeout": 1})).status_code == 202:
        assert status.json()["status"] == "RUNNING"
    assert status.status_code == 201
    assert status.json()["columns"] == [
        {"name": "ITNO", "datatype": "string"},
        {"name": "QTY", "datatype": "decimal"},
    ]
    address = f"{COMPASS}/jobs/{job['queryId']}/result/"
    page = client.get(address, params={"offset": 1, "limit": 1}, headers={"Accept": NDJSON})
    assert page.headers["content-type"] == NDJSON
    assert page.text == '{"ITNO":"A2","QTY":7.5}\n'
    assert client.get(address, params={"offset": 3}, headers={"Accept": NDJSON}).text == ""


@pytest.mark.usefixtures("items")
def test_a_result_comes_in_the_format_that_is_asked_for(client: httpx2.Client) -> None:
    """A client without an Accept reads CSV: docs/reference/data-fabric.md#results."""
    job = ended(client, 'SELECT NAME, CODE FROM "Groups.Of" ORDER BY CODE')
    address = f"{COMPASS}/jobs/{job['queryId']}/result"
    for accept in ("*/*", "text/csv", "application/json;q=0.1, text/csv"):
        lines = client.get(address, headers={"Accept": accept}).text
        assert list(csv.reader(io.StringIO(lines))) == [
            ["NAME", "CODE"],
            ["One; two", "A1"],
            ["", "A2"],
        ]
    found = client.get(address, headers={"Accept": "application/json"}).json()
    assert found == [{"NAME": "One; two", "CODE": "A1"}, {"NAME": None, "CODE": "A2"}]
    assert client.get(address, headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.usefixtures("items")
def test_a_result_can_be_fetched_without_asking_for_the_status(client: httpx2.Client) -> None:
    job = submit(client, "SELECT count(*) AS n FROM MITMAS")
    answer = client.get(f"{COMPASS}/jobs/{job['queryId']}/result?offset=0&limit=100000")
    assert answer.text == "n\n3\n"


@pytest.mark.usefixtures("items")
def test_the_sql_of_compass_is_understood(client: httpx2.Client) -> None:
    """docs/reference/data-fabric.md#sql-of-compass."""
    assert rows(client, "select top 1 ITNO from mitmas order by ITNO desc;") == [{"ITNO": "B1"}]
    joined = (
        'SELECT m.ITNO, g.NAME FROM MITMAS m LEFT JOIN "Groups.Of" g ON g.CODE = m.ITNO'
        " WHERE infor.lastmodified(m) >= '2020-01-01' ORDER BY 1"
    )
    assert [row["NAME"] for row in rows(client, joined)] == ["One; two", None, None]
    assert rows(client, "SELECT ITNO FROM MITMAS WHERE infor.lastmodified() > '2999-01-01'") == []
    assert rows(client, "SELECT CAST(QTY AS decimal(9,1)) q FROM MITMAS LIMIT 1 OFFSET 1") == [
        {"q": 7.5}
    ]
    assert len(rows(client, "SELECT ITNO FROM MITMAS UNION ALL SELECT CODE FROM [Groups.Of]")) == 5
    assert len(rows(client, "SELECT ITNO FROM MITMAS", records=2)) == 2


def test_a_plain_query_reads_the_latest_variation_of_each_row(client: httpx2.Client) -> None:
    """docs/reference/data-fabric.md#variations."""
    columns = {name: {"type": "string"} for name in ("ID", "NAME", "DEL")}
    content = {
        "name": "Varied",
        "type": "JSON",
        "schema": {"properties": {**columns, "VAR": {"type": "integer"}}},
        "properties": {
            "IdentifierPaths": ["$['ID']"],
            "VariationPath": "$.VAR",
            "DeleteIndicator": {"Path": "$.DEL", "Value": "true"},
        },
    }
    assert client.post(f"{CATALOG}/object", json=content).status_code == 200
    versions = (
        {"ID": "1", "VAR": 9, "NAME": "nine"},
        {"ID": "1", "VAR": 10, "NAME": "ten"},
        {"ID": "2", "VAR": 1, "NAME": "here"},
        {"ID": "2", "VAR": 2, "NAME": "gone", "DEL": True},
    )
    for each in reversed(versions):
        ingest(client, "Varied", json.dumps(each).encode())
    ingest(client, "Varied", b'{"ID":"3","VAR":1,"NAME":"old"}', archived="true")

    def names(source: str) -> list[str]:
        return [row["NAME"] for row in rows(client, f"SELECT NAME FROM {source} ORDER BY NAME")]

    assert names("Varied") == ["ten"]
    assert names("infor.IncludeDeleted('Varied')") == ["gone", "ten"]
    assert names("infor.IncludeArchivedAndDeleted('default.Varied')") == ["gone", "old", "ten"]
    assert names("infor.AllVariations('varied')") == ["gone", "here", "nine", "ten"]
    assert len(names("infor.AllVariationsIncludeArchived('Varied')")) == 5
    joined = "infor.AllVariations('Varied') a JOIN Varied b ON a.ID = b.ID WHERE b.NAME = 'ten'"
    assert rows(client, f"SELECT count(*) AS n FROM {joined}") == [{"n": 2}]


@pytest.mark.usefixtures("items")
def test_the_information_schema_tells_of_objects_and_columns(client: httpx2.Client) -> None:
    """As tap-infor asks, a comment first."""
    tables = rows(
        client,
        "--*includeInSelectAll=s/g/p/l\nSELECT TABLE_SCHEMA, TABLE_NAME FROM"
        " information_schema.tables WHERE TABLE_NAME = 'MITMAS'",
    )
    assert tables == [{"TABLE_SCHEMA": "default", "TABLE_NAME": "MITMAS"}]
    columns = "SELECT COLUMN_NAME, DATA_TYPE, ORDINAL_POSITION FROM information_schema.columns"
    found = rows(client, f"{columns} WHERE TABLE_SCHEMA = 'default' AND TABLE_NAME = 'MITMAS'")
    assert [tuple(each.values()) for each in found] == [
        ("ITNO", "String", 1),
        ("QTY", "Decimal", 2),
    ]
    for source in ("default.MITMAS", '"default"."MITMAS"', "infor.AllVariations('default.MITMAS')"):
        asked = f"SELECT ITNO, infor.lastModified() AS last_modified FROM {source} ORDER BY ITNO"
        (first, *_others) = rows(client, asked)
        assert (first["ITNO"], first["last_modified"][-1]) == ("A1", "Z")


@pytest.mark.usefixtures("items")
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM NOPE", "no object NOPE"),
        ("SELECT NOPE FROM MITMAS", "no such column: NOPE"),
        ('SELECT "NOPE" FROM MITMAS', "no such column"),
        ("SELEC 1", "begins with SELECT"),
        ("EXPLAIN QUERY PLAN SELECT 1", "begins with SELECT"),
        ("VALUES (1)", "begins with SELECT"),
        ("SELECT * FROM pragma_function_list", "only reads"),
        ("DELETE FROM MITMAS", "only reads"),
        ("SELECT * FROM sqlite_master", "only reads"),
        ("ATTACH 'x' AS y", "only reads"),
        ("SELECT 1; DROP TABLE MITMAS", "one query"),
        ("SELECT CAST(ITNO AS date) FROM MITMAS", 'does not take "A1"'),
    ],
)
def test_a_query_that_cannot_be_run_fails_and_says_why(
    client: httpx2.Client, sql: str, said: str
) -> None:
    job = ended(client, sql)
    assert job["status"] == "FAILED"
    assert said in job["message"]
    result = client.get(f"{COMPASS}/jobs/{job['queryId']}/result")
    assert result.status_code == 409
    assert said in result.json()["message"]


def test_an_object_may_be_called_like_a_table_that_sqlite_hides(client: httpx2.Client) -> None:
    catalogue(client, "pragma_table_list", "JSON", {"properties": {"CODE": {"type": "string"}}})
    ingest(client, "pragma_table_list", b'{"CODE": "A1"}')
    assert rows(client, "SELECT * FROM pragma_table_list") == [{"CODE": "A1"}]


def test_a_query_without_end_is_cancelled(client: httpx2.Client) -> None:
    job = submit(
        client,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    )
    address = f"{COMPASS}/jobs/{job['queryId']}"
    assert client.get(f"{address}/status?timeout=0").status_code == 202
    assert client.put(f"{address}/cancel/").json()["status"] == "CANCELED"
    started = time.monotonic()
    assert client.get(f"{address}/status?timeout=25").json()["status"] == "CANCELED"
    assert time.monotonic() - started < 10
    assert client.get(f"{address}/result").status_code == 409


@pytest.mark.on_each_database
def test_results_are_forgotten_after_twenty_hours(side: InforSide, client: httpx2.Client) -> None:
    job = ended(client, "SELECT 1 AS one")
    side.clock.step(timedelta(hours=21))
    try:
        with side.client(side.log_in(side.credentials(name="Later"))) as later:
            submit(later, "SELECT 2 AS two")
            assert later.get(f"{COMPASS}/jobs/{job['queryId']}/status").status_code == 404
    finally:
        side.clock.step(timedelta(hours=-21))


def test_a_job_is_its_tenants_and_wants_plain_text(side: InforSide, client: httpx2.Client) -> None:
    job = submit(client, "SELECT 1 AS one")
    with side.client(side.log_in(side.credentials(OTHER_TENANT)), OTHER_TENANT) as other:
        for what in ("status", "result"):
            assert other.get(f"{COMPASS}/jobs/{job['queryId']}/{what}").status_code == 404
        assert other.put(f"{COMPASS}/jobs/{job['queryId']}/cancel").status_code == 404
    answer = client.post(f"{COMPASS}/jobs", json={"query": "SELECT 1"})
    assert answer.status_code == 415
    assert "text/plain" in answer.json()["message"]
    for wrong in ({"timeout": "26"}, {"timeout": "x"}):
        answer = client.get(f"{COMPASS}/jobs/{job['queryId']}/status", params=wrong)
        assert answer.status_code == 400


@pytest.mark.usefixtures("items")
def test_v1_callers_get_v1_answers_and_are_told_that_it_is_withdrawn(client: httpx2.Client) -> None:
    """Absolute locations, the format chosen at the submission, one result without pages."""
    query = {"resultFormat": NDJSON}
    answer = client.post(
        f"{V1}/compass/jobs", params=query, content="SELECT ITNO FROM MITMAS ORDER BY ITNO"
    )
    job = answer.json()
    assert job["location"] == f"/{TENANT}{V1}/compass/jobs/{job['queryId']}/status"
    assert "DATAFABRIC/compass/v2" in answer.headers["X-Ionport-Withdrawn"]
    address = f"{V1}/compass/jobs/{job['queryId']}"
    assert client.get(f"{address}/status/", params={"timeout": 25}).status_code == 201
    assert client.get(f"{address}/result").text == '{"ITNO":"A1"}\n{"ITNO":"A2"}\n{"ITNO":"B1"}\n'
    old = client.get(f"{V1}/payloads/list")
    assert "DATAFABRIC/datalake/v2/dataobjects" in old.headers["X-Ionport-Withdrawn"]
    assert "X-Ionport-Withdrawn" not in client.get(f"{LAKE}/dataobjects").headers


def test_pings_answer_as_clients_read_them(client: httpx2.Client) -> None:
    for address in (f"{LAKE}/ping", f"{COMPASS}/ping/"):
        assert client.get(address).text.strip('"').upper() == "OK"
    assert client.get(f"{LAKE}/version").text
    assert client.get(f"{CATALOG}/status/ping").status_code == 200


@pytest.mark.on_each_database
@pytest.mark.usefixtures("items")
def test_data_objects_are_listed_and_streamed(client: httpx2.Client) -> None:
    both = f"dl_from_logical_id eq '{LOGICAL_ID}' and dl_document_name in ('MITMAS', 'Groups.Of')"
    query = {"filter": both, "sort": "event_date:asc"}
    found = client.get(f"{LAKE}/dataobjects", params={**query, "records": 50}).json()
    assert found["numFound"] == 3
    one = found["fields"][0]
    assert (one["dl_document_name"], one["dl_instance_count"]) == ("MITMAS", 2)
    assert one["dl_id"].startswith("1-")
    assert one["event_date"].endswith("Z")
    address = f"{LAKE}/dataobjects/{one['dl_id']}"
    content = b'{"ITNO":"A1","QTY":5}\n{"ITNO":"A2","QTY":7.5}\n'
    # httpx2 inflates what the answer says is deflated.
    packed = client.get(address, headers={"Accept-Encoding": "deflate"})
    assert (packed.headers["content-encoding"], packed.content) == ("deflate", content)
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == content


@pytest.mark.usefixtures("items")
def test_data_objects_are_streamed_by_filter(client: httpx2.Client) -> None:
    answer = client.get(
        f"{LAKE}/dataobjects/byfilter", params={"filter": "dl_document_name eq 'MITMAS'"}
    )
    kind, _semicolon, boundary = answer.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/mixed"
    parts = answer.content.split(f"--{boundary}".encode())[1:-1]
    contents = {part.partition(b"\r\n\r\n")[2].strip() for part in parts}
    assert contents == {
        b'{"ITNO":"B1","QTY":null}',
        b'{"ITNO":"A1","QTY":5}\n{"ITNO":"A2","QTY":7.5}',
    }


@pytest.mark.on_each_database
def test_a_split_query_finds_every_data_object_once(
    side: InforSide, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ionport.sandbox.datafabric.lake_routes._SPLIT", 3)
    catalogue(client, "Split", "ANY", None)
    for number in range(8):
        assert ingest(client, "Split", str(number).encode()).status_code == 202
        # Filters know milliseconds: no two data objects share one.
        side.clock.step(timedelta(milliseconds=2))
    named = {"filter": "dl_document_name eq Split"}
    filters = client.get(f"{LAKE}/dataobjects/splitquery", params=named).json()["filters"]
    assert len(filters) == 3
    found = [
        client.get(f"{LAKE}/dataobjects", params={"filter": each}).json()["numFound"]
        for each in filters
    ]
    assert sum(found) == 8
    assert max(found) <= 4


@pytest.mark.on_each_database
def test_data_objects_are_deleted_and_marked(client: httpx2.Client) -> None:
    catalogue(client, "Gone", "JSON", {"properties": {"A": {"type": "integer"}}})
    ids = [ingest(client, "Gone", b'{"A":1}').json()["dl_id"] for _time in range(3)]
    ingest(client, "Gone", b'{"A":1}', archived="true")
    marked = client.put(f"{LAKE}/dataobjects/markcorrupt", params={"id": ids[0]})
    assert marked.json() == {"markedNumber": 1}
    assert rows(client, "SELECT count(*) AS n FROM Gone") == [{"n": 2}]
    assert client.delete(f"{LAKE}/dataobjects/ids", params={"id": ids[0]}).json() == {
        "purgedNumber": 1
    }
    deleted = client.delete(
        f"{LAKE}/dataobjects/filter",
        params={"filter": "dl_document_name eq 'Gone'", "includeArchived": "true"},
    )
    assert deleted.json() == {"purgedNumber": 3}


@pytest.mark.on_each_database
def test_what_a_sender_says_of_a_data_object_is_told_and_found(client: httpx2.Client) -> None:
    catalogue(client, "Batches", "ANY", None)
    said = {
        "dl_batch_id": "B-7",
        "dl_header_accounting_entity": "US01",
        "dl_source_publication_date": "2024-05-01T10:00:00.000Z",
    }
    assert ingest(client, "Batches", b"1", **said).status_code == 202
    assert ingest(client, "Batches", b"2").status_code == 202
    for condition in (
        "dl_batch_id eq 'B-7'",
        "dl_header_accounting_entity in ('US01', 'US02')",
        "dl_source_publication_date lt '2024-05-02T00:00:00.000Z'",
    ):
        query = {"filter": f"dl_document_name eq 'Batches' and {condition}"}
        (found,) = client.get(f"{LAKE}/dataobjects", params=query).json()["fields"]
        assert {name: found[name] for name in said} == said
    (other,) = client.get(
        f"{LAKE}/dataobjects",
        params={
            "filter": "dl_document_name eq 'Batches'",
            "sort": "dl_source_publication_date:desc",
            "records": "1",
        },
    ).json()["fields"]
    assert other["dl_batch_id"] == ""
    assert other["dl_source_publication_date"] == other["dl_document_date"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dl_source_publication_date": "yesterday"}, "dl_source_publication_date"),
        ({"dl_batch_id": "B" * 251}, "dl_batch_id"),
        ({"dl_from_logical_id": "lid://infor.erp.m3"}, "lid://infor.erp.m3"),
        ({"dl_from_logical_id": "acme"}, "lid://"),
        ({"dl_document_name": "Nothing"}, "Nothing"),
        ({"dl_instance_count": "9"}, "dl_instance_count"),
        ({"decompressed_size": "1"}, "decompressed_size"),
    ],
)
@pytest.mark.usefixtures("items")
def test_what_cannot_be_ingested_is_told_in_the_first_of_its_errors(
    client: httpx2.Client, change: dict[str, str], said: str
) -> None:
    name = change.get("dl_document_name", "MITMAS")
    more = {key: value for key, value in change.items() if key != "dl_document_name"}
    answer = ingest(client, name, b'{"ITNO":"X"}', **more)
    assert answer.status_code == 400
    assert said in answer.json()["errors"][0]["message"]


@pytest.mark.usefixtures("items")
def test_a_file_that_is_not_deflated_is_refused(client: httpx2.Client) -> None:
    parts = {"dl_document_name": "MITMAS", "dl_from_logical_id": LOGICAL_ID}
    for content in (b"plain", zlib.compress(b"x" * 100)[:-4]):
        answer = client.post(INGESTION, data=parts, files={"file": ("x", content)})
        assert answer.status_code == 400
        assert "zlib" in answer.json()["errors"][0]["message"]
    assert client.post(INGESTION, content=b"x").status_code == 400


@pytest.mark.usefixtures("items")
def test_the_catalog_tells_of_an_object_what_was_put_into_it(client: httpx2.Client) -> None:
    entry = client.get(f"{CATALOG}/object/Groups.Of").json()
    assert (entry["name"], entry["type"], entry["lastUpdatedBy"] != "") == (
        "Groups.Of",
        "DSV",
        True,
    )
    assert entry["schema"]["properties"]["CODE"] == {"type": "string", "x-position": 1}
    assert client.get(f"{CATALOG}/object/Groups.Of/schema").json() == entry["schema"]
    assert client.get(f"{CATALOG}/object/Groups.Of/properties").status_code == 404
    assert client.get(f"{CATALOG}/object/Nothing").status_code == 404
    names = [each["name"] for each in client.get(f"{CATALOG}/object/list").json()]
    assert {"MITMAS", "Groups.Of"} <= set(names)


def test_nouns_are_those_of_the_catalogs_bods(client: httpx2.Client) -> None:
    content = {"name": "Sync.Crate", "type": "BOD", "schema": "<xs/>", "properties": None}
    assert client.post(f"{CATALOG}/object", json=content).status_code == 200
    assert {"name": "Crate", "standard": False} in client.get(f"{CATALOG}/noun").json()
    noun = client.get(f"{CATALOG}/noun/crate").json()
    assert (noun["nounSchemaXsd"], noun["properties"]["verbs"]) == ("<xs/>", ["Sync"])
    assert client.get(f"{CATALOG}/noun/Nothing").status_code == 404


def test_a_job_that_another_process_left_running_is_run_again(
    side: InforSide, client: httpx2.Client
) -> None:
    """What a process had taken up and not ended is taken up by whoever is asked next."""
    job = submit(client, "SELECT 7 AS seven")
    other = side.services.ion.compass.__class__(side.clock, side.blobs)
    other.wait(side.database, SCOPE, job["queryId"], 25)
    status = client.get(f"{COMPASS}/jobs/{job['queryId']}/status").json()
    assert (status["status"], status["rowCount"]) == ("FINISHED", 1)


def test_a_page_upload_counts_its_records(side: InforSide, client: httpx2.Client) -> None:
    catalogue(client, "Uploaded", "JSON", {"properties": {}})
    lake = side.services.ion.lake
    item = lake.upload(side.database, SCOPE, OPERATOR, "Uploaded", b'{"A":1}\n{"A":2}\n')
    assert item.instances == 2
    assert rows(client, "SELECT A FROM Uploaded") == [{"A": 1}, {"A": 2}]
