"""Programs of M3 that public clients call most, and SQL over its tables.

Source: docs/reference/m3.md#public-programs, docs/reference/m3.md#exportmi.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from ionport.sandbox.datafabric.compass import execution
from ionport.sandbox.datafabric.compass.execution import QueryResult
from ionport.sandbox.m3 import service
from ionport.sandbox.m3.catalogue import program_named, program_names
from ionport.sandbox.m3.programs import exports
from tests.support.infor_side import InforSide
from tests.support.m3 import V1, V2, bulk, record, run, token_of_user


@pytest.fixture(scope="module")
def client(side: InforSide) -> Iterator[httpx2.Client]:
    with side.client(token_of_user(side)) as client:
        yield client


def exported(client: httpx2.Client, query: str, name: str = "Select", **more: str) -> list[str]:
    result = run(client, f"EXPORTMI/{name};maxrecs=0", QERY=query, **more)
    assert "errorMessage" not in result, result
    return [each["REPL"] for each in result["records"]]


@pytest.mark.on_each_database
def test_an_order_is_entered_confirmed_and_read(client: httpx2.Client) -> None:
    batch = record(client, "OIS100MI/AddBatchHead", CUNO="10001", CUOR="THEIRS-1")["ORNO"]
    for item, quantity in (("BOLT-M8", "100"), ("CHAIR-01", "2")):
        line = record(client, "OIS100MI/AddBatchLine", ORNO=batch, ITNO=item, ORQT=quantity)
        assert line["POSX"] == "0"
    assert line["PONR"] == "2"
    assert run(client, "OIS100MI/GetHead", ORNO=batch)["errorCode"] == "WOR0103"
    confirmed = record(client, "OIS100MI/Confirm", ORNO=batch)
    order = confirmed["ORNO"]
    assert (order != batch, confirmed["STAT"]) == (True, "22")
    head = record(client, "OIS100MI/GetOrderHead", ORNO=order)
    assert (head["CUNO"], head["CUOR"], head["NTAM"]) == ("10001", "THEIRS-1", "190")
    lines = run(client, "OIS100MI/LstLine", ORNO=order)["records"]
    assert [(each["PONR"], each["ITNO"]) for each in lines] == [("1", "BOLT-M8"), ("2", "CHAIR-01")]
    assert record(client, "OIS100MI/GetLine", ORNO=order, PONR="2")["ITDS"] == "Office chair"
    assert run(client, "OIS100MI/Confirm", ORNO=batch)["errorCode"] == "WOR0103"
    found = run(client, "OIS100MI/SearchHead", SQRY="CUOR:THEIRS-1")["records"]
    assert [each["ORNO"] for each in found] == [order]


def test_an_order_that_cannot_be_is_refused(client: httpx2.Client) -> None:
    assert run(client, "OIS100MI/AddBatchHead", CUNO="NOBODY")["errorField"] == "CUNO"
    batch = record(client, "OIS100MI/AddBatchHead", CUNO="10001")["ORNO"]
    empty = run(client, "OIS100MI/Confirm", ORNO=batch)
    assert "no lines" in empty["errorMessage"]
    for item, quantity, field in (("NOTHING", "1", "ITNO"), ("BOLT-M8", "0", "ORQT")):
        refused = run(client, "OIS100MI/AddBatchLine", ORNO=batch, ITNO=item, ORQT=quantity)
        assert refused["errorField"] == field


def test_an_item_is_found_by_its_alias(client: httpx2.Client) -> None:
    alias = {"ALWT": "2", "ALWQ": "EA13", "POPN": "4006381333931"}
    assert run(client, "MMS025MI/AddAlias", ITNO="BOLT-M8", **alias)["records"] == []
    found = record(client, "MMS025MI/GetItem", ALWT="2", POPN=alias["POPN"])
    assert found["ITNO"] == "BOLT-M8"
    assert record(client, "MMS025MI/LstAliasViaCat", ALWT="2")["POPN"] == alias["POPN"]
    assert record(client, "MMS025MI/GetAlias", ALWT="2", ITNO="BOLT-M8")["POPN"] == alias["POPN"]
    assert run(client, "MMS025MI/GetItem", ALWT="2", POPN="0")["errorType"] == "ServerReturnedNOK"
    run(client, "MMS025MI/DltAlias", ITNO="BOLT-M8", **alias)
    assert run(client, "MMS025MI/LstAlias", ITNO="BOLT-M8")["records"] == []


def test_a_company_tells_what_it_is_set_to(client: httpx2.Client) -> None:
    user = record(client, "MNS150MI/GetUserData")
    assert user["USID"] == record(client, "GENERAL/GetCurrentUser")["USER"]
    assert run(client, "MNS150MI/GetUserData", USID="NOBODY")["errorField"] == "USID"
    assert (user["CONO"], user["DIVI"]) == ("1", "AAA")
    assert record(client, "MNS095MI/Get", CONO="1")["CONO"] == "1"
    assert record(client, "MNS100MI/GetBasicData")["CONM"] == "Example company"
    assert record(client, "MNS100MI/LstDivisions", CONO="1")["DIVI"] == "AAA"
    assert record(client, "MMS005MI/GetWarehouse", WHLO="100")["FACI"] == "A01"
    assert run(client, "MMS005MI/GetWarehouse", WHLO="9")["errorCode"] == "WWH0103"
    assert record(client, "CRS008MI/Get", FACI="A01")["FACN"] == "Main works"
    assert record(client, "MMS010MI/ListLocations", WHLO="100")["WHSL"] == "A-01"
    assert record(client, "CRS045MI/GetBasicData", CSCD="DE")["TX40"] == "Germany"
    code = record(client, "CRS175MI/GetGeneralCode", STCO="CSCD", STKY="SE")
    assert code["TX15"] == "Sweden"
    series = {"NBTY": "50", "NBID": "A"}
    first = record(client, "CRS165MI/RtvNextNumber", **series)["NBNR"]
    assert int(record(client, "CRS165MI/RtvNextNumber", **series)["NBNR"]) == int(first) + 1


def test_what_an_invoice_is_entered_with_is_told(client: httpx2.Client) -> None:
    assert record(client, "CRS030MI/GetBasicData", VTCD="01")["TX40"] == "VAT 19 %"
    assert len(run(client, "CRS030MI/LstVat", VTCD="1")["records"]) == 2
    assert record(client, "CRS055MI/GetBasicData", CUCD="USD")["TX40"] == "US dollar"
    later = {"CUCD": "USD", "CRTP": "1", "CUTD": "20260301", "ARAT": "0.95"}
    assert record(client, "CRS055MI/AddRate", **later)["TCUR"] == "EUR"
    assert run(client, "CRS055MI/AddRate", **later)["errorCode"] == "WRA0104"
    asked = {"CRTP": "1", "FCUR": "SEK"}
    for day, dollar in (("20260228", "0.92"), ("20260301", "0.95")):
        rates = run(client, "CRS055MI/SelExchangeRate", CUTD=day, **asked)["records"]
        assert {each["CUCD"]: each["ARAT"] for each in rates} == {"SEK": "0.09", "USD": dollar}
    assert run(client, "CRS055MI/SelExchangeRate", CUTD="20251231", **asked)["records"] == []
    bank = {"BKTP": "3", "ACHO": "20001", "BKID": "B1"}
    new = {**bank, "BKIN": "0001", "BANA": "Supplier's bank", "BKNO": "70010080"}
    run(client, "CRS692MI/AddBankAccount2", **new)
    assert record(client, "CRS692MI/GetBasicData", **bank)["BANA"] == "Supplier's bank"
    own = {"BKTP": "3", "ACHO": "20001"}
    assert [each["BKID"] for each in run(client, "CRS692MI/LstByAccHolder", **own)["records"]] == [
        "B1"
    ]
    assert record(client, "CRS692MI/LstByNumber", BKNO="70010080")["BKID"] == "B1"
    # Of this program alone M3's own list leaves the query out.
    for query in ({}, {"SQRY": "BKID:b1"}):
        found = run(client, "CRS692MI/SearchBnkAcc", **query)["records"]
        assert "B1" in {each["BKID"] for each in found}
    run(client, "CRS692MI/DelBankAccount", **bank)
    assert run(client, "CRS692MI/GetBasicData", **bank)["errorCode"] == "WBK0103"
    assert record(client, "PPS280MI/GetElement", CEID="E001")["TX30"] == "Freight"


def test_an_item_has_units_lots_and_names_of_its_suppliers(client: httpx2.Client) -> None:
    unit = record(client, "MMS015MI/Get", ITNO="BOLT-M8", AUTP="1", ALUN="BOX")
    assert (unit["COFA"], unit["DMCF"]) == ("100", "1")
    named = record(client, "PPS040MI/GetItemSupplier", ITNO="BOLT-M8", SUNO="20001")
    assert named["SITE"] == "CP-4711"
    lot = {"ITNO": "BOLT-M8", "BANO": "L-1"}
    assert record(client, "MMS235MI/AddItmLot", **lot)["BANO"] == "L-1"
    run(client, "MMS235MI/UpdItmLot", **lot, BREF="Blue")
    assert record(client, "MMS235MI/GetItmLot", **lot)["BREF"] == "Blue"
    missing = run(client, "MMS235MI/AddItmLot", ITNO="NONE", BANO="L-1")
    assert (missing["errorCode"], missing["errorField"]) == ("WIT0103", "ITNO")


def test_what_lies_in_a_warehouse_is_told(client: httpx2.Client) -> None:
    balance = record(client, "MMS060MI/Get", WHLO="100", ITNO="BOLT-M8")
    assert (balance["WHSL"], balance["BANO"], balance["STQT"]) == ("A-01", "L-2601", "12000")
    assert run(client, "MMS060MI/Get", WHLO="100", ITNO="NONE")["errorCode"] == "WBA6003"
    listed = run(client, "MMS060MI/LstBalID", WHLO="100")["records"]
    assert [each["ITNO"] for each in listed] == ["BOLT-M8", "CHAIR-01"]
    assert record(client, "MMS060MI/LstLot", WHLO="100", BANO="L-2601")["ITNO"] == "BOLT-M8"
    order = {"TRNR": "0000500001"}
    assert record(client, "MMS100MI/GetHead", **order)["TRSH"] == "22"
    assert record(client, "MMS100MI/GetLine", **order, PONR="1")["TRQT"] == "500"
    assert record(client, "MMS100MI/LstLines", **order)["ITNO"] == "BOLT-M8"
    assert run(client, "MMS100MI/LstLines", TRNR="9")["errorField"] == "TRNR"
    assert exported(client, "MLITNO from MITLOC where MLSTQT < 100", SEPC=";") == ["CHAIR-01"]


def test_a_price_list_says_what_an_order_line_costs(client: httpx2.Client) -> None:
    of_list = {"PRRF": "SPRING", "CUCD": "EUR", "FVDT": "20260101"}
    until = {"LVDT": "20291231", "TX40": "Spring prices", "CRTP": "1"}
    price = {**of_list, "ITNO": "CHAIR-01", "SAPR": "80.00"}
    assert run(client, "OIS017MI/AddBasePrice", **price)["errorCode"] == "WPR2003"
    run(client, "OIS017MI/AddPriceList", **of_list, **until)
    run(client, "OIS017MI/AddPriceList", **of_list, **until, CUNO="10001")
    assert (
        record(client, "OIS017MI/LstPriceList", PRRF="SPRING", CUNO="10001")["LVDT"] == "20291231"
    )
    run(client, "OIS017MI/AddBasePrice", **price)
    asked = {"CUNO": "10001", "ITNO": "CHAIR-01", "ORQA": "2"}
    assert record(client, "OIS320MI/GetPriceLine", **asked)["LNAM"] == "160"
    run(client, "OIS017MI/AddBasePrice", **{**price, "SAPR": "75.00"}, CUNO="10001")
    of_customer = record(client, "OIS320MI/GetPriceLine", **asked)
    assert (of_customer["SAPR"], of_customer["LNAM"], of_customer["PRRF"]) == (
        "75.00",
        "150",
        "SPRING",
    )
    before = record(client, "OIS320MI/GetPriceLine", **asked, ORDT="20251231")
    assert (before["SAPR"], before.get("PRRF", "")) == ("89.00", "")
    named = {name: price[name] for name in ("PRRF", "CUCD", "FVDT", "ITNO")}
    assert record(client, "OIS017MI/GetBasePrice", **named)["SAPR"] == "80.00"
    batch = record(client, "OIS100MI/AddBatchHead", CUNO="10001")["ORNO"]
    run(client, "OIS100MI/AddBatchLine", ORNO=batch, ITNO="CHAIR-01", ORQT="3")
    order = record(client, "OIS100MI/Confirm", ORNO=batch)["ORNO"]
    assert record(client, "OIS100MI/GetHead", ORNO=order)["NTAM"] == "225"


def test_a_price_list_does_not_end_before_it_begins(client: httpx2.Client) -> None:
    given = {"PRRF": "BACKWARD", "CUCD": "EUR", "FVDT": "20260102", "TX40": "Prices", "CRTP": "1"}
    refused = run(client, "OIS017MI/AddPriceList", **given, LVDT="20260101")
    assert refused["errorField"] == "LVDT"
    assert "Last day 20260101 is before the first day 20260102" in refused["errorMessage"]
    assert run(client, "OIS017MI/LstPriceList", PRRF="BACKWARD")["records"] == []
    assert "errorCode" not in run(client, "OIS017MI/AddPriceList", **given, LVDT="20260102")


def test_a_confirmed_order_has_a_delivery(client: httpx2.Client) -> None:
    batch = record(client, "OIS100MI/AddBatchHead", CUNO="10002", CUOR="THEIRS-2")["ORNO"]
    for quantity in ("5", "6"):
        run(client, "OIS100MI/AddBatchLine", ORNO=batch, ITNO="PAPER-A4", ORQT=quantity)
    order = record(client, "OIS100MI/Confirm", ORNO=batch)["ORNO"]
    lines = run(client, "MWS411MI/LstDelLnByOrd", RORC="3", RIDN=order)["records"]
    assert [(each["RIDL"], each["TRQT"]) for each in lines] == [("1", "5"), ("2", "6")]
    delivery = lines[0]["DLIX"]
    head = record(client, "MWS410MI/GetHead", DLIX=delivery)
    assert (head["RIDN"], head["CUOR"], head["PGRS"]) == (order, "THEIRS-2", "10")
    address = record(client, "MWS410MI/GetAdr", DLIX=delivery)
    assert (address["NAME"], address["TOWN"]) == ("North Star Tools", "Malmo")
    assert run(client, "MWS410MI/GetHead", DLIX="999")["errorField"] == "DLIX"


def test_a_record_has_fields_of_a_tenants_own(client: httpx2.Client) -> None:
    key = {"FILE": "MITMAS", "PK01": "BOLT-M8"}
    assert run(client, "CUSEXTMI/AddFieldValue", **key, A030="blue", N096="1.5")["records"] == []
    assert run(client, "CUSEXTMI/ChgFieldValue", **key, A030="red")["records"] == []
    found = record(client, "CUSEXTMI/GetFieldValue", **key)
    assert (found["A030"], found["N096"]) == ("red", "1.5")
    assert exported(client, "F1A030 from CUGEX1 where F1FILE = 'MITMAS'", SEPC=";") == ["red"]


@pytest.mark.on_each_database
def test_a_table_is_exported_as_sql_asks(client: httpx2.Client) -> None:
    codes = "CTSTKY,CTTX15 from CSYTAB where CTSTCO = 'CSCD' and CTCONO = 1 order by CTSTKY"
    assert exported(client, codes, SEPC=";", HDRS="1")[:3] == [
        "CTSTKY;CTTX15",
        "AT;Austria",
        "DE;Germany",
    ]
    assert exported(client, "count(*) from OCUSMA", SEPC=";") == ["3"]
    assert exported(client, "count(#) from OCUSMA where OKCUNO >= '10002'", SEPC=";") == ["2"]
    one = "OKCUNO, OKCUNM from OCUSMA where OKCUNO = '10001'"
    assert exported(client, one) == ["10001".ljust(10) + "Harbour Bicycles".ljust(36)]
    assert exported(client, one, "SelectPad", SEPC=";") == [
        "10001".ljust(10) + ";" + "Harbour Bicycles".ljust(36)
    ]
    assert exported(client, one, SEPC="#") == ["OKCUNO 10001#OKCUNM Harbour Bicycles"]
    answer = bulk(
        client,
        "EXPORTMI",
        [
            {
                "transaction": "Select",
                "record": {"SEPC": ";", "QERY": "IDSUNO from CIDMAS where IDSUNO < '20002'"},
                "selectedColumns": ["REPL"],
            }
        ],
    )
    assert answer["results"][0]["records"] == [{"REPL": "20001"}]
    fields = run(client, "EXPORTMI/LstFields;maxrecs=0", FILE="OCUSMA")["records"]
    assert "OKCUNO" in {each["FLDN"] for each in fields}


@pytest.mark.on_each_database
def test_the_company_takes_changes_while_an_export_runs(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: list[str] = []

    def execute(*arguments: Any, **more: Any) -> QueryResult:
        with httpx2.Client(base_url=client.base_url, headers=client.headers, timeout=10) as other:
            added = record(other, "OIS100MI/AddBatchHead", CUNO="10001", CUOR="MEANWHILE")
        entered.append(added["ORNO"])
        return execution.execute(*arguments, **more)

    monkeypatch.setattr(exports, "execute", execute)
    assert exported(client, "OKCUNO from OCUSMA where OKCUNO = '10001'", SEPC=";") == ["10001"]
    assert len(entered) == 1


def test_the_queries_of_one_call_end_together(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_SECONDS_AHEAD", 0)
    refused = run(client, "EXPORTMI/Select", QERY="OKCUNO from OCUSMA")
    assert "longer than 0 seconds" in refused["errorMessage"]


@pytest.mark.parametrize(
    "query",
    [
        "OKCUNO from NOTABLE",
        "OKNOPE from OCUSMA",
        "SELECT OKCUNO from OCUSMA",
        "OKCUNO from OCUSMA, CIDMAS",
        "OKCUNO from OCUSMA where OKCUNO in (select IDSUNO from CIDMAS)",
        "OKCUNO from OCUSMA where",
        "OKCUNO from OCUSMA; drop table OCUSMA",
        "nothing",
    ],
)
def test_an_export_that_cannot_be_read_is_refused_and_says_so(
    client: httpx2.Client, query: str
) -> None:
    refused = run(client, "EXPORTMI/Select", QERY=query)
    assert refused["errorType"] == "ServerReturnedNOK"
    assert (refused["errorField"], refused["records"]) == ("QERY", [])


@pytest.mark.parametrize("name", program_names())
def test_every_known_program_tells_what_it_does_not_imitate(
    client: httpx2.Client, name: str
) -> None:
    """Never "no such program" and never an answer that means nothing."""
    program = program_named(name)
    assert program is not None
    listed = run(client, "MRS001MI/LstTransactions;maxrecs=0", MINM=name)["records"]
    told = {each["TRNM"] for each in listed if each["TRDS"]}
    for transaction in sorted(told)[:3]:
        answer = client.get(f"{V2}/{name}/{transaction}")
        assert answer.json()["errorType"] == "TransactionNotImitated"
    (named,) = [
        each
        for each in run(client, "MRS001MI/LstPrograms;maxrecs=0", MINM=name)["records"][:1]
        if each["MINM"] == name
    ]
    own = {each.name for each in program.transactions.values() if not each.is_general}
    assert (named["MIDS"] == "") == bool(own - told)


def test_what_clients_send_beside_the_fields_is_taken(client: httpx2.Client) -> None:
    more = {"m3user": "ADA", "readtimeoutmillis": "60000", "SIMU": "1", "_rid": "r"}
    answer = client.get(f"{V2}/CRS610MI/GetBasicData;returncols=CUNM,NOPE?CUNO=10001", params=None)
    assert answer.json()["results"][0]["records"] == [{"CUNM": "Harbour Bicycles"}]
    assert record(client, "CRS610MI/GetBasicData", CUNO="10001", **more)["CUNO"] == "10001"


def test_v1_tells_a_refusal_with_200_whoever_refuses(client: httpx2.Client) -> None:
    for address, kind in (
        ("CRS610MI/NoSuchThing", "TransactionNotFound"),
        ("CRS610MI/GetBasicData", "MandatoryInputFieldNotFound"),
        ("XXX999MI/Get", "ProgramNotFound"),
        ("PPS250MI/Get", "TransactionNotImitated"),
    ):
        answer = client.get(f"{V1}/{address}")
        assert answer.status_code == 200
        assert answer.json()["@type"] == kind
        assert answer.json()["Message"]
