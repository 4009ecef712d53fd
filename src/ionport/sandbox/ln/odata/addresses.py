"""What a call of LN's OData names in its path and headers (docs/reference/ln.md#odata)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ionport.core.errors import NotFound
from ionport.sandbox.kit.operations import Call
from ionport.sandbox.kit.texts import check_text, quoted
from ionport.sandbox.ln.model import DEFAULT_COMPANY
from ionport.sandbox.ln.odata.model import (
    BadQuery,
    EntityType,
    NotAcceptable,
    ODataService,
    service_named,
)
from ionport.sandbox.ln.odata.query import read_key

ODATA: Final = "/lnapi/odata"
_PATH = re.compile(r"(?P<set>\w+)(?:\((?P<key>[^)]*)\))?(?:/(?P<way>\$?[\w.]+))?")
_MAX_COMPANY = 9_999
_TAKEN: Final = ("application/json", "application/*", "*/*")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a path names: a set, one of its entities, and what is below that one.

    Attributes:
        company: of the header X-Infor-LnCompany.
    """

    service: ODataService
    set: str
    kind: EntityType
    key: Mapping[str, str] | None
    way: str
    company: int


def read_address(call: Call) -> Asked:
    """Return what a call names.

    Raises:
        NotFound: the sandbox has no such service or set.
        BadQuery: a key or a header is malformed.
        NotAcceptable: the caller takes no JSON.
    """
    for text in (call.path, *call.query.values()):
        check_text(text)
    service, path = service_named(call.path_params["service"]), call.path_params["path"]
    accepted = call.headers.get("accept", "*/*").lower()
    # A count is no JSON document, but a text.
    if not path.endswith("/$count") and not _takes_json(accepted):
        raise NotAcceptable(f"The services answer in JSON, not in {quoted(accepted)}.")
    match = _PATH.fullmatch(path)
    kind = service.sets.get(match["set"]) if match else None
    if match is None or kind is None:
        raise NotFound(
            f"The sandbox does not imitate {quoted(path)} of {service.name}; it has"
            f" {', '.join(service.sets)}.",
            code="operation_not_imitated",
        )
    key = None if match["key"] is None else read_key(match["key"], kind)
    return Asked(service, match["set"], kind, key, match["way"] or "", _company(call))


def _takes_json(accepted: str) -> bool:
    return any(each.partition(";")[0].strip() in _TAKEN for each in accepted.split(","))


def base_of(gateway_url: str, call: Call, asked: Asked) -> str:
    """Return what the addresses of a service begin with."""
    return f"{gateway_url}/{call.caller.tenant_id}/LN{ODATA}/{asked.service.name}"


def _company(call: Call) -> int:
    text = call.headers.get("x-infor-lncompany", "").strip() or str(DEFAULT_COMPANY)
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= _MAX_COMPANY):
        raise BadQuery(f"X-Infor-LnCompany is a number up to {_MAX_COMPANY}, not {quoted(text)}.")
    return int(text)
