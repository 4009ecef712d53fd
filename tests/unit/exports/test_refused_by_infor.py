"""What Infor refuses, or cannot take now, is told for every method with its cause and remedy."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from ionport.exports.model import DeliveryStatus, ExportMethod, StepKind
from ionport.ionapi.transport.intake import DEFAULT_LIMIT
from tests.support import erp_mappings
from tests.support.exporting import QUICK, DocumentSide, closing, was_unknown
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
DELIVERED, FAILED = DeliveryStatus.DELIVERED, DeliveryStatus.FAILED
WAITING = DeliveryStatus.WAITING
# How a delivery stands then, and words of what the text and the remedy say.
STATUSES = {
    401: (WAITING, "does not accept the access token", "service account is enabled"),
    403: (FAILED, "does not allow this", "user of the service account|ION API Client ID"),
    404: (FAILED, "does not know what was asked for", "Available APIs"),
    413: (FAILED, "finds the request too large", "out of the mapping"),
    429: (
        WAITING,
        "too many requests",
        "3,000 API calls a minute. .* ionport makes the call again",
    ),
    507: (WAITING, "has no space left", "Make space there.* ionport makes the call again"),
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


@pytest.mark.parametrize(("times", "wanted"), [(2, DELIVERED), (4, FAILED)])
def test_a_token_that_is_refused_though_it_is_fresh_gets_one_more_try(
    opened: Opened, times: int, wanted: DeliveryStatus
) -> None:
    """A node of the gateway may learn of it late, or it was revoked between the two calls."""
    walk = opened(ExportMethod.INFOR_IDM, b"")
    walk.proxy.fault("POST", "/IDM/api/items", "refuse", status=401, times=times)
    delivery_id = walk.exported(f"refused-{times}")
    with closing(walk.side.runner(QUICK)) as runner:
        outcome = runner.run(delivery_id)
        assert walk.side.detail(delivery_id).delivery.status is WAITING
        walk.clock.advance(timedelta(seconds=outcome.seconds))
        walk.run(runner, delivery_id)
    told = walk.side.detail(delivery_id).delivery
    assert told.status is wanted
    assert wanted is DELIVERED or told.error_code == "idm_http_401"


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


@pytest.mark.parametrize(("method", "erp", "call"), METHODS)
def test_a_huge_answer_is_never_read_whole_and_the_call_may_have_been_done(
    opened: Opened, method: ExportMethod, erp: bytes, call: tuple[str, str, str]
) -> None:
    verb, path, _service = call
    walk = opened(method, erp)
    walk.proxy.fault(verb, path, "break", status=200, body=b" " * (DEFAULT_LIMIT + 1))
    delivery_id = walk.exported(f"{method}-huge")
    with closing(walk.side.runner(QUICK)) as runner:
        walk.run(runner, delivery_id)
    detail = walk.side.detail(delivery_id)
    (lost,) = [each for each in detail.attempts if each.error_code == "too_large"]
    # LN is asked by a POST, too, and first. What may be done is looked for where that can be.
    is_question = lost.step is StepKind.LN_LOOK_UP
    assert was_unknown(lost) is not is_question
    can_be_asked = lost.step in (StepKind.IDM_CREATE, StepKind.M3_HEAD)
    assert detail.delivery.status is (DELIVERED if can_be_asked else FAILED)


@pytest.mark.parametrize(
    "asked",
    ["99999999999", "-5", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"],
)
def test_a_wrong_clock_in_retry_after_holds_a_delivery_an_hour_at_most(
    opened: Opened, asked: str
) -> None:
    walk = opened(ExportMethod.INFOR_IDM, b"")
    verb, path, _service = IDM
    walk.proxy.fault(verb, path, "refuse", status=429, headers=(("Retry-After", asked),))
    delivery_id = walk.exported(f"slow {asked[:9]}")
    with closing(walk.side.runner(QUICK)) as runner:
        outcome = runner.run(delivery_id)
        assert 0 < outcome.seconds <= 3_600
        walk.clock.advance(timedelta(seconds=outcome.seconds))
        walk.run(runner, delivery_id)
    assert walk.side.detail(delivery_id).delivery.status is DELIVERED


@pytest.mark.parametrize(
    ("method", "erp"),
    [
        (ExportMethod.INFOR_IDM_M3, erp_mappings.M3),
        (ExportMethod.INFOR_IDM_M3_TOML, erp_mappings.TOML),
    ],
)
def test_a_200_of_m3_with_an_error_inside_is_no_success(
    opened: Opened, method: ExportMethod, erp: bytes
) -> None:
    walk = opened(method, erp)
    verb, path, _service = M3
    inside = {"errorMessage": "Supplier 20001 is blocked", "errorCode": "WSU0104"}
    refused = {"transaction": "AddHead", **inside}
    for number, answer in enumerate((inside, {"results": [refused]})):
        walk.proxy.faults.clear()
        body = json.dumps(answer).encode()
        headers = (("Content-Type", "application/json"),)
        walk.proxy.fault(verb, path, "refuse", status=200, body=body, headers=headers)
        delivery_id = walk.exported(f"{method}-{number}")
        with closing(walk.side.runner(QUICK)) as runner:
            runner.run(delivery_id)
        told = walk.side.detail(delivery_id).delivery
        assert (told.status, told.error_code, told.erp_reference) == (FAILED, "m3_wsu0104", None)
        assert "Supplier 20001 is blocked" in told.error_text
