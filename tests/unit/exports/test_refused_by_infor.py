"""What Infor refuses, or cannot take now, is told for every method with its cause and remedy."""

from __future__ import annotations

import re

import pytest

from ionport.exports.model import DeliveryStatus, ExportMethod
from tests.support import erp_mappings
from tests.support.exporting import QUICK, DocumentSide, closing
from tests.unit.exports.conftest import Opened

IDM = ("POST", "/IDM/api/items", "idm")
ION = ("POST", "/multipartMessage", "ion")
M3 = ("POST", "/M3/m3api-rest/v2/execute", "m3")
LN = ("POST", "/LN/c4ws/services", "ln")
# A method, its mapping for the ERP, and the call that is refused: its last one that changes a
# thing.
METHODS = [
    (ExportMethod.INFOR_IDM, b"", IDM),
    (ExportMethod.INFOR_ION_BOD, b"", ION),
    (ExportMethod.INFOR_IDM_BOD, b"", ION),
    (ExportMethod.INFOR_IDM_M3, erp_mappings.M3, M3),
    (ExportMethod.INFOR_IDM_M3_TOML, erp_mappings.TOML, M3),
    (ExportMethod.INFOR_IDM_LN, erp_mappings.LN, LN),
]
FAILED, WAITING = DeliveryStatus.FAILED, DeliveryStatus.WAITING
# How a delivery stands then, and words of what the text and the remedy say.
STATUSES = {
    401: (FAILED, "does not accept the access token", "service account is enabled"),
    403: (FAILED, "does not allow this", "user of the service account|ION API Client ID"),
    404: (FAILED, "does not know what was asked for", "Available APIs"),
    413: (FAILED, "finds the request too large", "Send less in one call"),
    429: (WAITING, "too many requests", "3,000 API calls a minute"),
    507: (WAITING, "has no space left", "Make space there"),
}


@pytest.mark.parametrize(("method", "erp", "call"), METHODS)
def test_each_status_of_infor_is_classed_and_has_a_remedy(
    opened: Opened, method: ExportMethod, erp: bytes, call: tuple[str, str, str]
) -> None:
    verb, path, service = call
    walk = opened(method, erp)
    with closing(walk.side.runner(QUICK)) as runner:
        for status, (wanted, text, remedy) in STATUSES.items():
            walk.proxy.faults.clear()
            headers = (("Retry-After", "30"),) if status == 429 else ()
            walk.proxy.fault(verb, path, "refuse", status=status, times=3, headers=headers)
            delivery_id = walk.exported(f"{method}-{status}")
            outcome = runner.run(delivery_id)
            told = walk.side.detail(delivery_id).delivery
            assert (told.status, told.error_code) == (wanted, f"{service}_http_{status}")
            assert text in told.error_text
            assert re.search(remedy, told.remedy), told.remedy
            assert status != 429 or outcome.seconds >= 30


@pytest.mark.parametrize(("method", "erp", "call"), METHODS)
@pytest.mark.parametrize(
    ("name", "value", "wanted", "code"),
    [
        ("sask", "wrong", FAILED, "invalid_grant"),
        ("cs", "wrong", FAILED, "invalid_client"),
        ("iu", "http://127.0.0.1:1", WAITING, "connection_refused"),
        ("pu", "http://127.0.0.1:1", WAITING, "connection_refused"),
    ],
)
def test_bad_credentials_fail_and_a_dead_host_is_tried_again(
    side: DocumentSide,
    user_credentials: dict[str, str],
    method: ExportMethod,
    erp: bytes,
    call: tuple[str, str, str],
    name: str,
    value: str,
    wanted: DeliveryStatus,
    code: str,
) -> None:
    side.supplier = "20001"
    side.configure(side.connect({**user_credentials, name: value}), method, erp=erp)
    delivery_id = side.export(side.receive(f"{method}-{name}")).id
    with closing(side.runner(QUICK)) as runner:
        runner.run(delivery_id)
    told = side.detail(delivery_id).delivery
    assert (told.status, told.error_code) == (wanted, code), told.error_text
    assert told.remedy
