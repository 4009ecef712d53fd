"""Values of ION messaging, and the rules of a message's parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.core.errors import InvalidInput
from ionport.sandbox.kit.texts import quoted

# 5 MB everywhere in ION, plus the buffer of 1 MB that the usage limits allow.
RECOMMENDED_BYTES = 5_000_000
MAX_DOCUMENT_BYTES = 6_000_000

_MANDATORY = ("documentName", "fromLogicalId", "toLogicalId")
_LONGEST = {
    "messageId": 250,
    "fromLogicalId": 250,
    "toLogicalId": 250,
    "documentName": 250,
    "tenantId": 22,
    "accountingEntity": 22,
    "location": 22,
    "documentId": 100,
    "revisionId": 22,
    "batchId": 250,
    "source": 250,
}
_NUMBERS = ("variationId", "batchSequence", "batchSize", "batchRevision", "instances")
_OTHERS = ("encoding", "characterSet", "batchAbortIndicator")
_MAX_CUSTOM = 250
_BY_LOWER_CASE = {name.lower(): name for name in (*_LONGEST, *_NUMBERS, *_OTHERS)}

_DOCUMENT_NAME = re.compile(r"(?:[A-Z][A-Za-z]*\.)?[A-Za-z][A-Za-z0-9_]*")
_LOGICAL_ID = re.compile(r"lid://[a-z0-9_-]+(\.[a-z0-9_-]+){2,}(:[a-z0-9._-]+)?(/[a-z0-9._-]+)*")
_LONG = re.compile(r"-?[0-9]{1,19}")
_CUSTOM = re.compile(r"Custom_[A-Za-z0-9_]{1,93}")


class Encoding(StrEnum):
    """How the payload is packed."""

    NONE = "NONE"
    DEFLATE = "DEFLATE"
    BASE64 = "BASE64"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Checked parameters of a message; `all` holds each of them as text."""

    all: Mapping[str, str]

    @property
    def document_name(self) -> str:
        return self.all["documentName"]

    @property
    def is_bod(self) -> bool:
        """Whether the name is Verb.Noun; else it is that of an object in the Data Catalog."""
        return "." in self.document_name

    @property
    def message_id(self) -> str | None:
        return self.all.get("messageId") or None

    @property
    def from_logical_id(self) -> str:
        return self.all["fromLogicalId"]

    @property
    def to_logical_id(self) -> str:
        return self.all["toLogicalId"]

    @property
    def encoding(self) -> Encoding:
        return Encoding(self.all.get("encoding", "NONE"))


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked message whose bytes lie in the blobs: ready for a short transaction.

    Attributes:
        payload_sha256: of the payload as sent.
        bod_sha256: of the document inside, unpacked.
        findings: differences that ION accepts, and the sender should know.
    """

    parameters: Parameters
    parameters_sha256: str
    payload_sha256: str
    bod_sha256: str
    bod_size: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as ION keeps it, once however often it came."""

    id: str
    tenant_id: str
    message_id: str
    from_logical_id: str
    to_logical_id: str
    document_name: str
    encoding: Encoding
    parameters: Mapping[str, str]
    payload_sha256: str
    bod_sha256: str
    bod_size: int
    client_id: str
    first_received_at: datetime
    last_received_at: datetime
    arrivals: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One time that a message came; the first is identical to itself."""

    id: str
    request_id: str
    client_id: str
    payload_sha256: str
    parameters_sha256: str
    is_identical: bool
    received_at: datetime


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages a list shows; `text` is looked for in ids and document names.

    `has_findings` leaves out those without, or those with findings.
    """

    document_name: str | None = None
    text: str | None = None
    has_findings: bool | None = None
    ascending: bool = False


def read_parameters(values: Mapping[str, object]) -> Parameters:
    """Check the parameters of a message; names that are not known are ignored.

    Source: docs/reference/ion-messaging.md#parameters.

    Raises:
        InvalidInput: one is missing, too long, or not what it must be; the text names it.
    """
    texts = {name: _text(name, value) for name, value in values.items() if _is_listed(name)}
    given = {name: text for name, text in texts.items() if text}
    for name in _MANDATORY:
        if name not in given:
            raise _wrong(f"The parameter {name} is missing.")
    for name, text in given.items():
        _check(name, text)
    return Parameters(given)


def listed_name(name: str) -> str | None:
    """Return a parameter's name as the facts spell it, whatever its case; None: not listed."""
    if name.lower().startswith("custom_"):
        return f"Custom_{name[7:]}"
    return _BY_LOWER_CASE.get(name.lower())


def is_document_name(text: str) -> bool:
    """Tell whether `text` is Verb.Noun or could name an object of the Data Catalog."""
    return len(text) <= _LONGEST["documentName"] and bool(_DOCUMENT_NAME.fullmatch(text))


def _is_listed(name: str) -> bool:
    known = name in _LONGEST or name in _NUMBERS or name in _OTHERS
    return known or _CUSTOM.fullmatch(name) is not None


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise _wrong(f"The parameter {name} must be a text.")
    return value


def _check(name: str, text: str) -> None:
    limit = _LONGEST.get(name, _MAX_CUSTOM)
    if len(text) > limit:
        raise _wrong(f"The parameter {name} is longer than {limit} letters.")
    if name in _NUMBERS and not _LONG.fullmatch(text):
        raise _wrong(f"The parameter {name} must be a whole number.")
    if name == "documentName" and not _DOCUMENT_NAME.fullmatch(text):
        raise _wrong(
            "documentName is Verb.Noun, such as Sync.CaptureDocument, or the name of an object"
            f" in the Data Catalog, not {quoted(text)}."
        )
    if name == "fromLogicalId" and not _LOGICAL_ID.fullmatch(text):
        raise _wrong(
            "fromLogicalId is the logical id of a connection point, such as"
            f" lid://infor.ims.example in lower case, not {quoted(text)}."
        )
    if name == "toLogicalId" and not (text == "lid://default" or _LOGICAL_ID.fullmatch(text)):
        raise _wrong(f"toLogicalId is a logical id or lid://default, not {quoted(text)}.")
    _check_packing(name, text)


def _check_packing(name: str, text: str) -> None:
    if name == "encoding" and text not in tuple(Encoding):
        raise _wrong(f"encoding is NONE or DEFLATE, not {quoted(text)}.")
    if name == "characterSet" and text.upper() != "UTF-8":
        raise _wrong(f"characterSet is UTF-8, not {quoted(text)}.")


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(text, code="malformed_message")
