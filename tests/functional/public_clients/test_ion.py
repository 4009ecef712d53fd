"""ION, Data Lake and Data Catalog as public clients call them, byte for byte where it matters.

Each test names the fact that says so. inforion sends the same fixed headers with every call
(docs/reference/known-clients.md#inforion), among them the Host of Infor's own gateway.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ionport.core.ids import new_uuid
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.messaging.model import MessageFilter
from tests.support.infor_side import OPERATOR, SCOPE, TENANT, InforSide, infor_side_on
from tests.support.ion import bod

SERVICE = "IONSERVICES/api/ion/messaging/service"
HOST = "mingle-ionapi.eu1.inforcloudsuite.com"
SENDER = "lid://infor.ims.mongooseims"


class Client:
    """A client with `requests`, as most of the public ones are."""

    def __init__(self, side: InforSide) -> None:
        file = side.credentials()
        self._base = f"{file['iu']}/{file['ti']}"
        self._headers = {
            "Authorization": f"Bearer {side.log_in(file)}",
            "Content-Type": "application/json",
            "X-TenantId": TENANT,
            "X-ClientId": file["ci"],
            "User-Agent": "FellowConsultingAGRuntime/7.22.0",
            "Cache-Control": "no-cache",
            "Host": HOST,
        }
        self._session = requests.Session()

    def call(
        self, method: str, path: str, *, headers: dict[str, str | None] | None = None, **how: Any
    ) -> requests.Response:
        sent = {**self._headers, **(headers or {})}
        url = f"{self._base}/{path}"
        return self._session.request(method, url, headers=sent, timeout=30, **how)

    def close(self) -> None:
        self._session.close()

    def publish(self, document_name: str, payload: bytes) -> requests.Response:
        """As inforion: the file name is the word filename, no message id."""
        parameters = {
            "documentName": document_name,
            "fromLogicalId": SENDER,
            "toLogicalId": "lid://default",
            "encoding": "NONE",
            "characterSet": "UTF-8",
        }
        files = {
            "ParameterRequest": ("filename", json.dumps(parameters), "application/json"),
            "MessagePayload": ("filename", payload, "application/octet-stream"),
        }
        # None leaves the content type to requests, which knows the boundary.
        headers: dict[str, str | None] = {"Content-Type": None}
        return self.call("POST", f"{SERVICE}/v2/multipartMessage", headers=headers, files=files)

    def catalogue(self, name: str, kind: str = "DSV") -> requests.Response:
        schema = {
            "$schema": "http://json-schema.org/draft-06/schema#",
            "title": name,
            "dialect": {"separator": ",", "headerLine": 1},
            "properties": {"ID": {"type": "integer", "x-position": 1, "maximum": 9}},
        }
        content = {
            "name": name,
            "type": kind,
            "schema": None if kind == "ANY" else schema,
            "properties": None if kind == "ANY" else {"VariationPath": "$['ID']"},
        }
        return self.call("POST", "IONSERVICES/datacatalog/v1/object", data=json.dumps(content))

    def payloads(self, **query: Any) -> Any:
        answer = self.call("GET", "IONSERVICES/datalakeapi/v1/payloads/list", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module", params=["sqlite"])
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def client(side: InforSide) -> Iterator[Client]:
    client = Client(side)
    yield client
    client.close()


@pytest.mark.parametrize(
    "path",
    [
        f"{SERVICE}/ping",
        "IONSERVICES/datacatalog/v1/status/ping",
        "IONSERVICES/datalakeapi/v1/status/ping",
    ],
)
def test_inforions_pings_answer_200(client: Client, path: str) -> None:
    """docs/reference/ion-messaging.md#endpoints and docs/reference/data-fabric.md#data-lake."""
    assert client.call("GET", path).status_code == 200


def test_inforions_multipart_message_is_201(side: InforSide, client: Client) -> None:
    """docs/reference/ion-messaging.md#forms-of-a-message, "v2 multipart": success is 201."""
    document = bod(number=new_uuid())
    assert client.publish("Sync.CaptureDocument", document).status_code == 201
    with side.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        page = side.inspection.list_messages(access, PageRequest(), MessageFilter(text=SENDER))
        newest = page.items[0]
        assert side.inspection.message_bod(access, newest.id) == document
    assert newest.findings == ()


def test_a_php_clients_xml_message_says_ok(client: Client) -> None:
    """A real Process.SalesOrder; the client reads 201 and status.

    Source: docs/reference/ion-messaging.md#forms-of-a-message.
    """
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<messageRequest>
  <documentName>Process.SalesOrder</documentName>
  <fromLogicalId>lid://infor.ims.shop</fromLogicalId>
  <toLogicalId>lid://default</toLogicalId>
  <messageId>msg#{new_uuid()}</messageId>
  <document>
    <value><![CDATA[<ProcessSalesOrder xmlns="http://schema.infor.com/InforOAGIS/2"/>]]></value>
    <encoding>NONE</encoding>
    <characterSet>UTF-8</characterSet>
  </document>
</messageRequest>"""
    headers: dict[str, str | None] = {"Content-Type": "application/xml; charset=UTF-8"}
    answer = client.call("POST", f"{SERVICE}/v2/message", headers=headers, data=body)
    assert (answer.status_code, answer.json()["status"]) == (201, "OK")


def test_a_deflated_json_message_says_published(client: Client) -> None:
    """DEFLATE is zlib, then base64; older clients read message.

    Source: docs/reference/ion-messaging.md#forms-of-a-message.
    """
    value = base64.b64encode(zlib.compress(bod())).decode()
    content = {
        "documentName": "Sync.CaptureDocument",
        "messageId": new_uuid(),
        "fromLogicalId": "lid://infor.ims.ionserviceforln",
        "toLogicalId": "lid://default",
        "document": {"value": value, "encoding": "DEFLATE", "characterSet": "UTF-8"},
    }
    answer = client.call("POST", f"{SERVICE}/v2/message", data=json.dumps(content))
    assert (answer.status_code, answer.json()["message"]) == (201, "Published successfully")


def test_a_devices_header_form_is_202_and_reaches_the_lake(client: Client) -> None:
    """V3 by headers, with an object's name as documentName.

    Source: docs/reference/ion-messaging.md#forms-of-a-message.
    """
    assert client.catalogue("IOTSensorData", "ANY").status_code == 200
    headers: dict[str, str | None] = {
        "Content-Type": "multipart/form-data; boundary=--------------------------1",
        "X-Infor-ION-fromLogicalId": "lid://infor.ims.iot_ims_datalake",
        "X-Infor-ION-documentName": "IOTSensorData",
        "X-Infor-ION-encoding": "NONE",
    }
    body = (
        "----------------------------1\r\n"
        'Content-Disposition: form-data; name="MessagePayload"\r\n\r\n'
        '{"celsius": 21}\r\n----------------------------1--\r\n'
    )
    answer = client.call("POST", f"{SERVICE}/v3/message/multipart", headers=headers, data=body)
    assert answer.status_code == 202, answer.text
    assert client.payloads(filter="dl_document_name eq 'IOTSensorData'")["numFound"] == 1


def test_inforions_catalogue_object_comes_and_goes(client: Client) -> None:
    """POST object, DELETE object/{name}; both answer 200.

    Source: docs/reference/data-fabric.md#data-lake.
    """
    assert client.catalogue("CSVSchema1").status_code == 200
    address = "IONSERVICES/datacatalog/v1/object/CSVSchema1"
    assert client.call("DELETE", address).status_code == 200
    assert client.call("DELETE", address).status_code == 404


def test_a_document_of_no_object_is_refused(client: Client) -> None:
    """docs/reference/ion-messaging.md#forms-of-a-message: not configured is 412 with a message."""
    answer = client.publish("NobodyKnows", b"a,b\n")
    assert (answer.status_code, "NobodyKnows" in answer.json()["message"]) == (412, True)


def test_inforions_data_lake_calls_work_together(client: Client) -> None:
    """Published, listed by filter and sort, streamed, purged.

    Source: docs/reference/data-fabric.md#data-lake.
    """
    name = "CSVSchema2"
    assert client.catalogue(name).status_code == 200
    contents = [f"ID\n{number}\n".encode() for number in range(5)]
    for content in contents:
        assert client.publish(name, content).status_code == 201
    of_name = f"dl_document_name eq '{name}'"
    found = client.payloads(filter=of_name, sort=["event_date:desc"])
    assert found["numFound"] == 5
    ids = [row["dl_id"] for row in found["fields"]]
    streamed = [
        client.call(
            "GET", "IONSERVICES/datalakeapi/v1/payloads/streambyid", params={"datalakeId": one}
        ).content
        for one in ids
    ]
    assert sorted(streamed) == contents
    second = client.payloads(filter=of_name, sort=["event_date:desc"], page=2, records=2)
    assert [row["dl_id"] for row in second["fields"]] == ids[2:4]
    purge = "IONSERVICES/datalakeapi/v1/purge"
    one = client.call("DELETE", f"{purge}/ids", params={"id": ids[0]})
    assert one.json()["purgedNumber"] == 1
    two = client.call("DELETE", f"{purge}/ids", params={"id": ids[1:3]})
    assert two.json()["purgedNumber"] == 2
    rest = client.call("DELETE", f"{purge}/filter", params={"filter": of_name})
    assert (rest.status_code, rest.json()["purgedNumber"]) == (200, 2)
    assert client.payloads(filter=of_name)["numFound"] == 0
