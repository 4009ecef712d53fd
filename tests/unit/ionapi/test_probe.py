"""The staged proof: what each failure shows, and that nothing is changed."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from ionport.ionapi import (
    AddressPolicy,
    Exchange,
    IonApiFile,
    ProbeReport,
    Secret,
    Sentence,
    StageResult,
    Transport,
)
from ionport.ionapi.probe import probe, probe_async
from tests.support.patience import PATIENCE, TooSlow, with_time_enough
from tests.unit.ionapi.loopback import Loopback, Reply, SmallInfor, closed_port, credentials
from tests.unit.ionapi.tls import NAME, Authority, TlsLoopback

STAGES = ["file", "network", "token", "refresh", "idm", "ion", "m3", "ln"]


def report(source: IonApiFile | bytes, **options: Any) -> ProbeReport:
    found = ProbeReport.collect(probe(source, **options))
    for stage in found.stages:
        assert re.fullmatch(r"[a-z0-9_]+", stage.code), stage
        # Whoever shows them in another language needs what they are made of.
        for text in filter(None, (stage.summary, stage.cause, stage.remedy)):
            assert isinstance(text, Sentence), text
    return found


def m3_nok(code: str, message: str) -> Reply:
    """What M3 answers with when the program refuses a transaction."""
    error = {"errorMessage": message, "errorType": "ServerReturnedNOK", "errorCode": code}
    return Reply.json({"results": [{"transaction": "GetUserInfo", **error}]})


def states(found: ProbeReport) -> dict[str, str]:
    return {stage.id: stage.state for stage in found.stages}


def failed_at(found: ProbeReport, stage: str) -> StageResult:
    """The failed stage; everything that builds on it must have been skipped."""
    assert found.failed is not None
    assert found.failed.id == stage
    assert found.failed.cause
    assert not found.ok
    following = STAGES[STAGES.index(stage) + 1 :]
    assert [states(found)[id_] for id_ in following] == ["skipped"] * len(following)
    return found.failed


def test_a_working_connection_passes_every_stage_and_changes_nothing(
    server: Loopback, infor: SmallInfor, file: IonApiFile
) -> None:
    seen: list[Exchange] = []
    found = report(file, on_exchange=seen.append)
    assert states(found) == dict.fromkeys(STAGES, "passed")
    assert found.ok
    assert found.failed is None
    assert (infor.logins, infor.refreshes) == (1, 1)
    assert infor.items == {}
    api_calls = [request for request in server.received if "/as/" not in request.path]
    assert {request.method for request in api_calls} == {"GET"}
    assert len(seen) == 6
    details = {label: value for stage in found.stages for label, value in stage.details}
    assert details["Tenant"] == "ACME_TST"
    assert details["Environment"] == "TST"
    assert details["App"] == "DocBits_TST"
    assert details["Address"] == "127.0.0.1"
    assert details["Lifetime"] == "120 minutes"
    assert details["Document types"] == "M3_SupplierInvoice"
    assert "SSS" not in repr(found)
    assert "access-0" not in repr(found)


def test_each_stage_is_given_when_it_starts_and_when_it_ends(
    infor: SmallInfor, file: IonApiFile
) -> None:
    infor.before_token = lambda: time.sleep(0.05)
    seen = list(probe(file))
    assert [(result.id, result.state) for result in seen] == [
        (stage, state) for stage in STAGES for state in ("running", "passed")
    ]
    by_id = {result.id: result for result in seen}
    assert by_id["token"].milliseconds >= 50
    assert all(result.title for result in seen)


def test_a_stage_starts_before_its_work_is_done(infor: SmallInfor, file: IonApiFile) -> None:
    stages = probe(file)
    for result in stages:
        if result.id == "token" and result.state == "running":
            break
    assert infor.logins == 0
    stages.close()


def test_the_bytes_of_an_upload_are_proved_as_well(file: IonApiFile) -> None:
    assert report(file.to_bytes()).ok


def test_asyncio_sees_the_same_stages(file: IonApiFile) -> None:
    async def scenario() -> list[StageResult]:
        return [result async for result in probe_async(file)]

    found = asyncio.run(scenario())
    assert [result.id for result in found if result.state == "passed"] == STAGES


def test_a_cancelled_probe_of_asyncio_ends(infor: SmallInfor, file: IonApiFile) -> None:
    signing_on, over = threading.Event(), threading.Event()

    def hang() -> None:
        signing_on.set()
        over.wait(PATIENCE)

    infor.before_token = hang

    async def scenario() -> None:
        async def run() -> None:
            async for _ in probe_async(file):
                pass

        task = asyncio.create_task(run())
        assert await asyncio.to_thread(signing_on.wait, PATIENCE)
        task.cancel()
        over.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"Index_Fields=A\nIF_A=/x\n", "mapping file"),
        (b"{", "line 1, column 2"),
        (b'{"ti": "X_TST"}', "cs is missing"),
    ],
)
def test_a_file_of_another_kind_fails_at_the_first_stage(source: bytes, words: str) -> None:
    stage = failed_at(report(source), "file")
    assert words in stage.cause
    assert "Download" in stage.remedy


def test_a_web_apps_file_fails_with_the_way_to_a_service_account(server: Loopback) -> None:
    file = credentials(server.url, saak=None, sask=None, ru="https://www.infor.com")
    stage = failed_at(report(file), "file")
    assert "Web or Mobile app" in stage.cause
    assert "Create Service Account" in stage.remedy
    assert server.received == []


def test_an_evil_token_address_fails_before_anything_is_sent(server: Loopback) -> None:
    stage = failed_at(report(credentials(server.url, ot="@evil.test/x")), "file")
    assert "another server" in stage.cause
    assert [key for key, _text in stage.details] == ["ot"]
    assert server.received == []


def test_remarks_on_a_file_do_not_fail_it(server: Loopback) -> None:
    file = credentials(server.url, cs=Secret("S" * 80))
    stage = report(file).stages[0]
    assert stage.state == "passed"
    assert "may have been cut" in dict(stage.details)["Remark"]
    assert "Download" in stage.remedy


def test_a_dead_host_fails_at_the_network() -> None:
    file = credentials(f"http://127.0.0.1:{closed_port()}")
    stage = failed_at(report(file), "network")
    assert "refuses the connection" in stage.cause
    assert "port" in stage.remedy


def test_an_unknown_name_fails_at_the_network() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with Transport(resolver=unknown) as transport:
        file = credentials("https://gone.infor.example")
        stage = failed_at(report(file, transport=transport), "network")
    assert "gone.infor.example was not found" in stage.cause


def test_a_private_address_fails_at_the_network() -> None:
    file = credentials("https://10.99.99.99")
    stage = failed_at(report(file), "network")
    assert "private" in stage.cause
    assert "IONPORT_ALLOW_PRIVATE_ADDRESSES" in stage.remedy
    strict = AddressPolicy(allow_loopback=False)
    failed_at(report(credentials("http://127.0.0.1:1"), policy=strict), "network")


def test_only_the_gateway_may_be_dead(server: Loopback) -> None:
    file = credentials(server.url, iu=f"http://127.0.0.1:{closed_port()}")
    failed_at(report(file), "network")


def test_a_trusted_certificate_is_shown(authority: Authority) -> None:
    with (
        TlsLoopback(authority.server(days=10)) as server,
        Transport(ssl_context=authority.client(), resolver=lambda *_: ["127.0.0.1"]) as transport,
    ):
        found = report(credentials(f"https://{NAME}:{server.port}"), transport=transport)
    stage = found.stages[1]
    details = dict(stage.details)
    assert stage.state == "passed"
    assert details["Certificate for"] == NAME
    assert details["Issued by"] == "Acme Test Authority"
    assert details["Valid until"].startswith("20")
    assert f"The certificate of {NAME} ends on" in stage.remedy


def test_an_expired_certificate_fails_at_the_network(authority: Authority) -> None:
    with (
        TlsLoopback(authority.server(days=-1)) as server,
        Transport(ssl_context=authority.client(), resolver=lambda *_: ["127.0.0.1"]) as transport,
    ):
        file = credentials(f"https://{NAME}:{server.port}")
        stage = failed_at(report(file, transport=transport), "network")
    assert "certificate" in stage.cause
    assert "expired" in stage.cause


@pytest.mark.parametrize(
    ("reply", "cause", "remedy"),
    [
        (Reply.json({"error": "invalid_client"}, 401), "client secret", "Download Credentials"),
        (Reply.json({"error": "invalid_grant"}, 400), "service account's keys", "enabled"),
        (Reply.json({"error": "unauthorized_client"}, 400), "service account", "Grant Type"),
        (Reply.html(), "HTML page", "unchanged download"),
        (Reply(302, b"", (("Location", "https://x.example/"),)), "redirect", "straight"),
        (Reply(200, b"\0" * 300_000), "larger than", ""),
        (Reply.json({}, 503), "not working", "later"),
        (Reply.json({}, 429), "too many sign-ons", "20 sign-ons a minute"),
    ],
)
def test_a_failed_sign_on_names_cause_and_remedy(
    infor: SmallInfor, file: IonApiFile, reply: Reply, cause: str, remedy: str
) -> None:
    infor.token_reply = reply
    stage = failed_at(report(file), "token")
    assert cause in stage.cause
    assert remedy in stage.remedy


def test_client_credentials_that_are_not_allowed_name_both_remedies(
    server: Loopback, infor: SmallInfor
) -> None:
    infor.token_reply = Reply.json({"error": "unauthorized_client"}, 400)
    stage = failed_at(report(credentials(server.url, saak=None, sask=None)), "token")
    assert "Create Service Account" in stage.remedy
    assert "Client Credentials" in stage.remedy


def test_client_credentials_that_are_allowed_pass(server: Loopback) -> None:
    found = report(credentials(server.url, saak=None, sask=None))
    assert found.ok
    assert dict(found.stages[0].details)["Sign-on"] == "Client credentials"


def test_no_refresh_token_is_advice_and_no_failure(infor: SmallInfor, file: IonApiFile) -> None:
    infor.refresh_tokens = False
    found = report(file)
    assert states(found)["refresh"] == "not_applicable"
    assert "Issue Refresh Tokens" in found.stages[3].remedy
    assert states(found)["idm"] == states(found)["ion"] == "passed"
    assert found.ok


def test_a_refused_refresh_token_is_shown_and_not_healed_by_a_sign_on(
    infor: SmallInfor, file: IonApiFile
) -> None:
    stages = probe(file)
    results = []
    for result in stages:
        results.append(result)
        if result.id == "token" and result.state == "passed":
            infor.refreshable.clear()
    found = ProbeReport(tuple(result for result in results if result.state != "running"))
    assert states(found)["refresh"] == "failed"
    assert "Issue Refresh Tokens" in found.stages[3].remedy
    assert states(found)["idm"] == states(found)["ion"] == "passed"
    assert not found.ok
    assert infor.logins == 1


def test_a_refresh_that_meets_a_broken_server_says_so(infor: SmallInfor, file: IonApiFile) -> None:
    results = []
    for result in probe(file):
        results.append(result)
        if result.id == "token" and result.state == "passed":
            infor.token_reply = Reply.json({}, 503)
    refresh = next(r for r in results if r.id == "refresh" and r.state == "failed")
    assert "not working" in refresh.cause


@pytest.mark.parametrize("rotate", [False, True])
def test_the_refresh_stage_tells_whether_the_token_stays(
    infor: SmallInfor, file: IonApiFile, rotate: bool
) -> None:
    infor.rotate = rotate
    found = report(file)
    assert found.ok
    kept = dict(found.stages[3].details)["Refresh token"]
    assert kept == ("is renewed each time" if rotate else "stays the same")


def break_idm(infor: SmallInfor, reply: Reply) -> None:
    infor.idm_reply = reply


def break_ion(infor: SmallInfor, reply: Reply) -> None:
    infor.ion_reply = reply


@pytest.mark.parametrize(
    ("suite", "other", "breaks"), [("idm", "ion", break_idm), ("ion", "idm", break_ion)]
)
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply.json({}, 403), "scopes are enforced"),
        (Reply.json({}, 404), "Available APIs"),
        (Reply.html(), "HTML page"),
        (Reply.json({}, 500), "not working"),
        (Reply(302), "redirect"),
    ],
)
def test_idm_and_ion_fail_each_for_itself(
    infor: SmallInfor,
    file: IonApiFile,
    suite: str,
    other: str,
    breaks: Callable[[SmallInfor, Reply], None],
    reply: Reply,
    words: str,
) -> None:
    breaks(infor, reply)
    found = report(file)
    assert states(found)[suite] == "failed"
    assert states(found)[other] == "passed"
    assert found.failed is not None
    assert words in f"{found.failed.cause} {found.failed.remedy}"


@pytest.mark.parametrize(
    ("m3_reply", "code", "words"),
    [
        (Reply.json({}, 404), "m3_http_404", "not know"),
        (Reply.json({"message": "Illegal impersonation attempt"}, 403), "m3_http_403", "Illegal"),
        (m3_nok("WUS0103", "User NOBODY does not exist"), "m3_wus0103", "NOBODY"),
    ],
)
def test_m3_that_is_not_open_fails_only_what_needs_m3(
    infor: SmallInfor, file: IonApiFile, m3_reply: Reply, code: str, words: str
) -> None:
    infor.m3_reply = m3_reply
    found = report(file)
    stage = next(each for each in found.stages if each.id == "m3")
    assert found.ok
    assert stage.state == "not_applicable"
    assert stage.code == code
    assert words in stage.cause
    assert "Only calls of M3 need it" in stage.remedy


@pytest.mark.parametrize(("status", "code"), [(404, "ln_not_found"), (403, "ln_http_403")])
def test_ln_that_is_not_open_fails_only_what_needs_ln(
    infor: SmallInfor, file: IonApiFile, status: int, code: str
) -> None:
    infor.ln_reply = Reply.json({}, status)
    found = report(file)
    stage = found.stages[-1]
    assert found.ok
    assert stage.state == "not_applicable"
    assert stage.code == code
    assert stage.cause
    assert "Only calls of LN need it" in stage.remedy


def break_m3(infor: SmallInfor, reply: Reply) -> None:
    infor.m3_reply = reply


def break_ln(infor: SmallInfor, reply: Reply) -> None:
    infor.ln_reply = reply


@pytest.mark.parametrize(("suite", "breaks"), [("m3", break_m3), ("ln", break_ln)])
@pytest.mark.parametrize("reply", [Reply.html(), Reply.json({}, 500), Reply.json({}, 401)])
def test_m3_and_ln_that_are_broken_fail(
    infor: SmallInfor,
    file: IonApiFile,
    suite: str,
    breaks: Callable[[SmallInfor, Reply], None],
    reply: Reply,
) -> None:
    breaks(infor, reply)
    found = report(file)
    assert not found.ok
    assert [stage.id for stage in found.stages if stage.state == "failed"] == [suite]


def test_m3_tells_the_user_and_the_company(file: IonApiFile) -> None:
    details = dict(next(stage for stage in report(file).stages if stage.id == "m3").details)
    assert details == {"User": "ADA", "Company": "100", "Division": "AAA"}


def test_an_account_that_sees_no_document_type_gets_advice(
    infor: SmallInfor, file: IonApiFile
) -> None:
    infor.idm_reply = Reply.json({"entities": {}})
    stage = report(file).stages[4]
    assert stage.state == "passed"
    assert "IDM-AdvancedUser" in stage.remedy


def test_a_long_data_model_is_summed_up(infor: SmallInfor, file: IonApiFile) -> None:
    entities = [{"name": f"E{number}"} for number in range(25)]
    infor.idm_reply = Reply.json({"entities": {"entity": entities}})
    stage = report(file).stages[4]
    assert "25 document types" in stage.summary
    assert dict(stage.details)["Document types"].endswith("E9 and 15 more")


def test_a_slow_server_ends_the_stage_within_its_time(infor: SmallInfor, file: IonApiFile) -> None:
    release = threading.Event()
    infor.before_token = lambda: release.wait(PATIENCE)

    def ends(seconds: float) -> None:
        began = time.monotonic()
        found = report(file, timeout=seconds)
        assert time.monotonic() - began < PATIENCE / 2
        if found.failed is not None and found.failed.id != "token":
            raise TooSlow
        assert "did not answer in time" in failed_at(found, "token").cause

    with_time_enough(0.3, ends)
    release.set()


def test_a_proof_never_uses_kept_tokens(infor: SmallInfor, file: IonApiFile) -> None:
    report(file)
    report(file)
    assert infor.logins == 2


def test_results_can_be_written_as_json(file: IonApiFile) -> None:
    assert json.loads(json.dumps(asdict(report(file))))["stages"][0]["id"] == "file"


def test_a_stage_tells_its_code_and_what_stands_in_its_texts(
    server: Loopback, infor: SmallInfor, file: IonApiFile
) -> None:
    infor.idm_reply = Reply.json({"message": "No rights"}, 403)
    idm = report(file).stages[4]
    assert idm.code == "idm_http_403"
    assert idm.parameters["message"] == "No rights"
    assert idm.parameters["status"] == "403"
    assert isinstance(idm.cause, Sentence)
    assert idm.cause.template == "{what} (HTTP status {status}): {message}"
