"""The client library's Data Fabric and `ionport compass query`, against the imitated one."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ionport.cli.client.compass import compass
from ionport.ionapi import AsyncIonApiClient, IonApiClient, IonApiFile, RequestRefused, ServiceError
from tests.support.infor_side import SCOPE, InforSide, infor_side_on

LOGICAL_ID = "lid://acme.erp.one"
ROWS = b'{"ITNO":"A1","QTY":5}\n{"ITNO":"A2","QTY":null}\n{"ITNO":"=A3","QTY":7.5}\n'
ALL = "SELECT ITNO, QTY FROM Stock ORDER BY QTY"


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def file(side: InforSide, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "ACME_TST.ionapi"
    path.write_text(json.dumps(side.credentials()))
    return path


@pytest.fixture(scope="module")
def infor(side: InforSide, file: Path) -> Iterator[IonApiClient]:
    schema = {"properties": {"ITNO": {"type": "string"}, "QTY": {"type": "number"}}}
    entry = {"name": "Stock", "type": "JSON", "schema": schema, "properties": None}
    with side.database.write() as work:
        side.services.ion.lake.put_object(work.within(SCOPE), "test", entry)
    with IonApiClient(IonApiFile.load(file)) as client:
        client.datafabric.ingest("Stock", LOGICAL_ID, ROWS)
        yield client


def test_a_query_gives_columns_and_rows(infor: IonApiClient) -> None:
    found = infor.datafabric.query(ALL)
    assert found.columns == ("ITNO", "QTY")
    assert [dict(row) for row in found.rows] == [
        {"ITNO": "A2", "QTY": None},
        {"ITNO": "A1", "QTY": 5.0},
        {"ITNO": "=A3", "QTY": 7.5},
    ]
    # As many pages as there are, whatever a page holds.
    assert infor.datafabric.query(ALL, page=2).rows == found.rows
    assert infor.datafabric.query("SELECT 1 AS one FROM Stock WHERE 1 = 0").rows == ()


def test_a_query_that_fails_says_why(infor: IonApiClient) -> None:
    with pytest.raises(ServiceError, match="no object NOPE") as failed:
        infor.datafabric.query("SELECT * FROM NOPE")
    assert failed.value.code == "query_failed"
    with pytest.raises(ServiceError) as many:
        infor.datafabric.query(ALL, most=2)
    assert many.value.code == "too_many_rows"


def test_a_query_that_takes_too_long_is_cancelled(infor: IonApiClient) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(ServiceError) as slow:
        infor.datafabric.query(endless, within=0.0)
    assert slow.value.code == "query_too_slow"
    assert infor.datafabric.status(slow.value.detail or "").status == "CANCELED"


def test_data_objects_are_listed_and_fetched(infor: IonApiClient) -> None:
    (found,) = infor.datafabric.list_objects(
        f"dl_from_logical_id eq '{LOGICAL_ID}'", sort=["event_date:asc"]
    )
    assert (found.document_name, found.instances) == ("Stock", 3)
    assert infor.datafabric.get_object(found.id) == ROWS


def test_what_ingestion_refuses_is_told(infor: IonApiClient) -> None:
    with pytest.raises(RequestRefused):
        infor.datafabric.ingest("Stock", "lid://infor.erp.one", ROWS)
    with pytest.raises(ServiceError, match="Nothing"):
        infor.datafabric.ingest("Nothing", LOGICAL_ID, ROWS)


@pytest.mark.usefixtures("infor")
def test_the_same_operations_are_awaited(file: Path) -> None:
    async def asked() -> int:
        async with AsyncIonApiClient(IonApiFile.load(file)) as client:
            return len((await client.datafabric.query(ALL)).rows)

    assert asyncio.run(asked()) == 3


@pytest.mark.usefixtures("infor")
def test_the_command_prints_a_table_csv_or_json(file: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(compass, ["query", ALL, str(file), *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert run().splitlines()[0].split() == ["ITNO", "QTY"]
    assert list(csv.reader(io.StringIO(run("--csv"))))[:2] == [["ITNO", "QTY"], ["A2", ""]]
    assert json.loads(run("--json"))[1] == {"ITNO": "A1", "QTY": 5.0}
    wrong = CliRunner().invoke(compass, ["query", ALL, str(file), "--csv", "--json"])
    assert wrong.exit_code == 2
