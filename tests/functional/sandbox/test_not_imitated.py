"""What is not here is refused with an error that says so, in the shape of its service.

Every method of every known address of Infor's services is tried: of those that the sandbox has
not, and of those that it has, the methods that these do not take.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

import httpx2
import pytest
from lxml import etree

from ionport.core.http.endpoints import EndpointTable, parameters_of
from tests.support.infor_side import InforSide, infor_side_on
from tests.support.oauth import add_user

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Addresses of Infor's that the sandbox has not, by context: docs/reference, and what public clients
# call (docs/reference/known-clients.md).
ABSENT = {
    "IDM": (
        "api/jobs",
        "api/workflow/items",
        "api/configuration",
        "rest/items",
        "api/items/1/lock",
    ),
    "IONSERVICES": (
        *("connect/model/v1/connectionpoints", "connect/model/v1/dataflows", "oneviewapi/data"),
        *("process/model/v1/workflows", "scriptingservice/model/v1/scripts", "businessrules/v1"),
        *("api/ion/messaging/service/v4/message", "datalakeapi/v1/payloads/statistics"),
        *("datacatalog/v1/object/events/list",),
    ),
    "DATAFABRIC": (
        *("metagraph/v1/metagraphs", "orchestrator/v1/flows", "warehouse/v1/objects"),
        *("compass/v3/jobs", "datalake/v3/dataobjects", "ingestion/v2/dataobjects"),
        *("datacatalog/v1/bod/nouns", "compass/v2/quota"),
    ),
    "M3": (
        *("m3api-rest/metadata", "m3api-rest/metadata/MMS200MI", "m3api-rest/application.wadl"),
        *("m3api-rest/v2/metadata/MMS200MI", "m3api-rest/v2/bulk/1", "ips/service/CRS610"),
    ),
    "LN": (
        *("c4ws/services/SalesOrder", "c4ws/monitor", "lnapi/plmapi/x", "SOAP/LN/services/x"),
        *("lnapi/odata/tsapi.srvServiceOrder/Orders", "lnapi/odata", "lnapi"),
    ),
    "Mingle": ("SocialService.Svc/Feed/List", "SecurityService.Svc/Roles", "UserService.svc/x"),
}
SUITES = (
    "CSI/IDORequestService/ido",
    "FSM/fsm/soap",
    "COLEMANAI/v1",
    "ifsservice/usermgt/v2/users",
)


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def client(side: InforSide) -> Iterator[httpx2.Client]:
    user = add_user(side.database, side.clock, "absent")
    with side.client(side.log_in(side.credentials(user_id=user.user_id))) as client:
        client.headers["Accept"] = "application/json"
        yield client


def _fault(answer: httpx2.Response) -> str:
    root = etree.fromstring(answer.content)
    (text,) = root.iter("{*}faultstring")
    return str(text.text)


def _json(*path: str) -> Callable[[httpx2.Response], str]:
    def read(answer: httpx2.Response) -> str:
        content = json.loads(answer.content)
        for name in path:
            content = content[name]
        return str(content)

    return read


# Where each service's error has its text.
TEXTS: Mapping[str, Callable[[httpx2.Response], str]] = {
    "IDM": _json("error", "message"),
    "IONSERVICES": _json("message"),
    "DATAFABRIC": _json("message"),
    "M3": _json("errorMessage"),
    "LN": _fault,
}
_BEGINNINGS: Mapping[str, Callable[[httpx2.Response], str]] = {
    "LN/lnapi": _json("error", "message"),
    "DATAFABRIC/ingestion": lambda answer: str(json.loads(answer.content)["errors"][0]["message"]),
    "Mingle": lambda answer: str(json.loads(answer.content)["ErrorList"][0]["Message"]),
}


def told(answer: httpx2.Response, address: str) -> str:
    """Return what an error of a service says, read from where the service says it."""
    context = address.partition("/")[0]
    own = [read for start, read in _BEGINNINGS.items() if address.startswith(start)]
    return (own[0] if own else TEXTS[context])(answer)


@pytest.mark.parametrize(
    "address", [f"{c}/{path}" for c, paths in ABSENT.items() for path in paths]
)
def test_every_method_of_an_address_that_is_not_imitated_says_so(
    client: httpx2.Client, address: str
) -> None:
    for method in METHODS:
        answer = client.request(method, f"/{address}", content=b"{}")
        assert answer.status_code in (404, 405), f"{method} {address}: {answer.text}"
        assert "does not imitate" in told(answer, address), f"{method} {address}: {answer.text}"


def test_every_method_that_an_address_does_not_take_says_so(
    side: InforSide, client: httpx2.Client
) -> None:
    tried = 0
    for service in side.services.imitated.all():
        table = EndpointTable(service.operations, ignores_case=True)
        for operation in service.operations:
            path = operation.path
            for name in parameters_of(path):
                path = re.sub(rf"\{{{name}(:\w+)?\}}", _VALUES.get(name, "one"), path)
            for method in METHODS:
                if table.find(method, path).row is None:
                    address = f"{service.context}{path}"
                    answer = client.request(method, f"/{address}", content=b"{}")
                    assert answer.status_code == 405, f"{method} {address}: {answer.text}"
                    assert answer.headers["Allow"]
                    assert "does not imitate" in told(answer, address)
                    tried += 1
    assert tried > 150


def test_events_of_objects_are_no_object_that_is_missing(client: httpx2.Client) -> None:
    answer = client.get("/DATAFABRIC/datacatalog/v1/object/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "operation_not_imitated")


_VALUES = {
    "service": "BusinessPartner_v3",
    "program": "MMS200MI",
    "transaction": "Get",
    "path": "BusinessPartners",
}


@pytest.mark.parametrize("address", SUITES)
def test_a_suite_that_is_not_there_says_so(client: httpx2.Client, address: str) -> None:
    for method in METHODS:
        answer = client.request(method, f"/{address}", content=b"{}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "unknown_api_suite"
        assert "not imitated" in answer.text
