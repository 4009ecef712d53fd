"""The M3 API: transactions of programs, one by one or many at once.

Source: docs/reference/m3.md#transactions-and-fields, docs/reference/m3.md#bulk.

A transaction that changes something is sent as a bulk call, also a single one: that is a POST,
which no proxy repeats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from .answers.faults import plain, service_error
from .calls import Answer, Call, Flow
from .driver import AsyncService, Service, SyncService, operation
from .errors import M3Error, RequestRefused
from .finding import APPS_MENU
from .wording import worded

BASE = "M3/m3api-rest/v2/execute"
# "Max 32 KB per message" (docs/reference/m3.md#bulk), less some bytes for the message around the
# transactions.
MAX_BULK_BYTES = 32_000
# Larger batches run into the gateway's time-out (docs/reference/m3.md#bulk).
MAX_BULK = 80
DEFAULT_RECORDS = 100
# Fields that `list_fields` reads of one transaction; M3's widest has some hundred.
_MAX_FIELDS = 5_000

_PROGRAM = re.compile(r"[A-Z][A-Z0-9]{2,9}")
_TRANSACTION = re.compile(r"[A-Za-z][A-Za-z0-9]{1,39}")
_FIELD = re.compile(r"[A-Z][A-Z0-9]{3}")
_COMPANY = re.compile(r"[0-9]{1,3}")
_JSON = {"Accept": "application/json"}
_CODE = re.compile(r"[A-Za-z0-9_.]{1,40}")

REMEDIES = {
    400: worded("Compare program, transaction and fields with M3's own list (MRS001)."),
    403: worded(
        "M3 acts for the user of the service account: name one in User Management > Manage > "
        "Service Accounts, and give that user the programs in M3 (SES400). If scopes are enforced, "
        "add Infor-M3 to the app ({menu}) and to the service account, and sign on again.",
        menu=APPS_MENU,
    ),
    404: worded(
        "If nothing of M3 is found, the tenant has no M3: look it up in "
        "Infor OS Portal > OS > API Gateway > Available APIs."
    ),
}


@dataclass(frozen=True, slots=True)
class M3Request:
    """One transaction of a bulk call; `return_columns` names output fields, empty for all."""

    transaction: str
    record: Mapping[str, str] = field(default_factory=dict, hash=False)
    return_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class M3Result:
    """The result of one transaction: its records, texts by field; or its error.

    `processed` is False where the batch was terminated before it: then nothing of it was done.
    """

    transaction: str
    records: tuple[Mapping[str, str], ...] = ()
    error: M3Error | None = None
    processed: bool = True

    @property
    def ok(self) -> bool:
        """Whether the transaction was done."""
        return self.processed and self.error is None

    def first(self, name: str) -> str:
        """Return a field of the first record; empty when there is none."""
        return self.records[0].get(name, "") if self.records else ""


@dataclass(frozen=True, slots=True)
class M3Field:
    """A field of a transaction as the tenant's own metadata tells it (`MRS001MI LstFields`)."""

    name: str
    is_input: bool
    type: str
    length: int
    is_mandatory: bool
    description: str


def chunks(
    requests: Sequence[M3Request], *, most: int = MAX_BULK, size: int = MAX_BULK_BYTES
) -> Iterator[Sequence[M3Request]]:
    """Cut transactions into bulk calls that M3 takes, in their order.

    Raises RequestRefused for a single transaction that is too large by itself.
    """
    start, used = 0, 0
    room = size - _ROOM
    for position, request in enumerate(requests):
        own = len(_encoded(_request_json(request))) + 1
        if own > room:
            raise RequestRefused(
                f"A transaction of {own:,} bytes is larger than the {room:,} that M3 takes."
            )
        if position > start and (used + own > room or position - start == most):
            yield requests[start:position]
            start, used = position, 0
        used += own
    if start < len(requests):
        yield requests[start:]


class M3Operations(Service):
    """The operations of M3, for threads (`M3`) and asyncio (`AsyncM3`).

    All raise ServiceError for refusals of the whole call (M3Error where M3 names the wrong field),
    and the errors of connection, token and answer.
    """

    @operation
    def execute(
        self,
        program: str,
        transaction: str,
        record: Mapping[str, str] | None = None,
        *,
        company: str = "",
        division: str = "",
        return_columns: Iterable[str] = (),
        max_records: int = DEFAULT_RECORDS,
    ) -> Flow[M3Result]:
        """Run one transaction that only reads (`GET v2/execute/{program}/{transaction}`).

        `max_records` is at most what M3 returns; 0 asks for all. Raises M3Error when M3 refuses.
        """
        request = M3Request(transaction, record or {}, tuple(return_columns))
        _check(program, (request,), company)
        parameters = {
            "cono": company,
            "divi": division,
            "maxrecs": str(max_records),
            "returncols": ",".join(request.return_columns),
        }
        given = {name: value for name, value in parameters.items() if value}
        query = urlencode({**given, **request.record}, quote_via=quote)
        url = f"{self._file.api_url}/{BASE}/{program}/{transaction}?{query}"
        answer = yield from self._ask(Call("GET", url, _JSON), program, transaction)
        (result,) = _results(answer, program, (request,))
        if result.error is not None:
            raise result.error
        return result

    @operation
    def bulk(
        self,
        program: str,
        requests: Sequence[M3Request],
        *,
        company: str = "",
        division: str = "",
    ) -> Flow[list[M3Result]]:
        """Run transactions of one program in their order; results stand at their requests' places.

        One HTTP call: use `chunks` for more than M3 takes. A transaction that is refused leaves the
        others as they are; its `M3Result` has the error. Raises RequestRefused when the call would
        be too large, and M3Error when M3 refuses it as a whole: then nothing was done.
        """
        _check(program, requests, company)
        body = bulk_body(program, requests, company=company, division=division)
        if len(body) > MAX_BULK_BYTES:
            raise RequestRefused(f"M3 takes {MAX_BULK_BYTES:,} bytes a call, not {len(body):,}.")
        headers = {**_JSON, "Content-Type": "application/json"}
        url = f"{self._file.api_url}/{BASE}"
        answer = yield from self._ask(Call("POST", url, headers, body), program, "")
        return _results(answer, program, requests)

    @operation
    def list_fields(self, program: str, transaction: str) -> Flow[list[M3Field]]:
        """The input and output fields of a transaction, from the tenant's own metadata.

        Source: docs/reference/m3.md#transactions-and-fields.
        """
        _check(program, (M3Request(transaction),), "")
        found: list[M3Field] = []
        for direction in ("I", "O"):
            record = {"MINM": program, "TRNM": transaction, "TRTP": direction}
            query = urlencode({"maxrecs": str(_MAX_FIELDS), **record})
            url = f"{self._file.api_url}/{BASE}/MRS001MI/LstFields?{query}"
            answer = yield from self._ask(Call("GET", url, _JSON), "MRS001MI", "LstFields")
            request = M3Request("LstFields", record)
            (result,) = _results(answer, "MRS001MI", (request,))
            if result.error is not None:
                raise result.error
            found += [_field(each, is_input=direction == "I") for each in result.records]
        return found

    def _ask(self, call: Call, program: str, transaction: str) -> Flow[Answer]:
        answer: Answer = yield call
        if answer.ok:
            return answer
        error = service_error(answer, "M3", REMEDIES)
        if answer.status == 400 and (refusal := _top_level_error(answer, program, transaction)):
            raise refusal
        raise error


class M3(SyncService, M3Operations):
    """The M3 API for threads."""


class AsyncM3(AsyncService, M3Operations):
    """The M3 API for asyncio."""


def bulk_body(
    program: str, requests: Sequence[M3Request], *, company: str = "", division: str = ""
) -> bytes:
    """Return the body of a bulk call: the same bytes for the same transactions."""
    head: dict[str, Any] = {"program": program}
    if company:
        head["cono"] = int(company)
    if division:
        head["divi"] = division
    head |= {"excludeEmptyValues": False, "rightTrim": True, "maxReturnedRecords": 0}
    return _encoded({**head, "transactions": [_request_json(each) for each in requests]})


def _request_json(request: M3Request) -> dict[str, Any]:
    columns = {"selectedColumns": list(request.return_columns)} if request.return_columns else {}
    return {"transaction": request.transaction, "record": dict(request.record), **columns}


def _encoded(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


# The JSON around the transactions of a bulk call.
_ROOM = len(bulk_body("X" * 10, (), company="999", division="XXX"))


def _check(program: str, requests: Sequence[M3Request], company: str) -> None:
    if not _PROGRAM.fullmatch(program):
        raise RequestRefused(f"{program[:20]!r} is no name of a program, such as APS450MI.")
    if not requests:
        raise RequestRefused("A call of M3 needs a transaction.")
    if company and not _COMPANY.fullmatch(company):
        raise RequestRefused(f"{company[:20]!r} is no company: it has up to three digits.")
    for request in requests:
        if not _TRANSACTION.fullmatch(request.transaction):
            raise RequestRefused(f"{request.transaction[:40]!r} is no name of a transaction.")
        for name in (*request.record, *request.return_columns):
            if not _FIELD.fullmatch(name):
                raise RequestRefused(f"{name[:20]!r} is no name of a field in M3, such as SUNO.")


def _results(answer: Answer, program: str, requests: Sequence[M3Request]) -> list[M3Result]:
    """Return one result for each request; M3 answers in the order of the request."""
    data = answer.json_object()
    results = data.get("results")
    if not isinstance(results, list) and data.get("errorMessage"):
        raise _error(answer, data, program, requests[0].transaction)
    if not isinstance(results, list) or len(results) != len(requests):
        text = worded("M3's answer does not have one result for each request.")
        raise answer.refused("bad_shape", text)
    return [
        _result(answer, data, program, request)
        for data, request in zip(results, requests, strict=True)
    ]


def _form() -> str:
    return worded("{service}'s answer does not have the expected form.", service="M3")


def _result(answer: Answer, data: Any, program: str, request: M3Request) -> M3Result:
    if not isinstance(data, dict):
        raise answer.refused("bad_shape", _form())
    name = data.get("transaction", request.transaction)
    if name != request.transaction:
        text = worded("M3 answered for other transactions than were asked for.")
        raise answer.refused("bad_shape", text)
    if data.get("notProcessed") is True:
        return M3Result(request.transaction, processed=False)
    if data.get("errorMessage"):
        error = _error(answer, data, program, request.transaction)
        return M3Result(request.transaction, error=error)
    records = data.get("records") or []
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise answer.refused("bad_shape", _form())
    return M3Result(
        request.transaction,
        tuple({str(key): _text(value) for key, value in each.items()} for each in records),
    )


def _top_level_error(answer: Answer, program: str, transaction: str) -> M3Error | None:
    if answer.is_html:
        return None
    try:
        data = json.loads(answer.content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not data.get("errorMessage"):
        return None
    return _error(answer, data, program, transaction, status=answer.status)


def _error(
    answer: Answer, data: Mapping[str, Any], program: str, transaction: str, status: int = 200
) -> M3Error:
    words = plain(answer, data.get("errorMessage"))
    field = data.get("errorField")
    name = field if isinstance(field, str) and _FIELD.fullmatch(field) else ""
    where = f"{program} {transaction}".strip() + (f" ({name})" if name else "")
    code = plain(answer, data.get("errorCode"))
    return M3Error(
        worded("M3 refused {where}: {message}", where=where, message=words),
        program=program,
        transaction=transaction,
        field=name,
        kind=plain(answer, data.get("errorType")),
        status=status,
        remote_code=code if _CODE.fullmatch(code) else "",
        remote_message=words,
        detail=answer.excerpt(),
    )


def _field(record: Mapping[str, str], *, is_input: bool) -> M3Field:
    length = record.get("LENG", "").strip()
    return M3Field(
        name=record.get("FLNM", ""),
        is_input=is_input,
        type=record.get("TYPE", ""),
        length=int(length) if length.isascii() and length.isdigit() and len(length) < 7 else 0,
        is_mandatory=record.get("MAND", "") == "1",
        description=record.get("FLDS", ""),
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).rstrip() if not isinstance(value, bool) else str(value).lower()
