"""The ION Messaging Service through the gateway (docs/reference/ion-messaging.md#endpoints)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .answers.faults import plain, service_error
from .calls import Answer, Call, Flow
from .driver import AsyncService, Service, SyncService, operation
from .errors import RequestRefused, ServiceError
from .finding import APPS_MENU
from .wording import joined, worded

BASE = "IONSERVICES/api/ion/messaging/service"
DEFAULT_TO = "lid://default"
# "Documents up to 5 MB throughout ION"; more only where the tenant's tier allows it.
MAX_PAYLOAD = 5_000_000

_DOCUMENT_NAME = re.compile(r"[A-Za-z]+\.[A-Za-z0-9]+")
_LOGICAL_ID = re.compile(r"lid://[A-Za-z0-9][A-Za-z0-9._:/-]{0,243}")
_LENGTHS = {
    "messageId": 250,
    "tenantId": 22,
    "accountingEntity": 22,
    "location": 22,
    "documentId": 100,
    "revisionId": 22,
    "batchId": 250,
    "source": 250,
}
_CONNECTION_POINT = worded(
    "In ION Desk > Connect > Connection Points open the connection point of type IMS via API "
    "Gateway: it must be active, name this app's Client ID as ION API Client ID, and list the "
    "document on its tab Documents. Its Logical ID must be the message's."
)
REMEDIES = {
    400: worded("A property of the message is missing or wrong; see what ION said."),
    403: joined(
        _CONNECTION_POINT,
        worded(
            "If scopes are enforced, add Infor-ION to the app ({menu}) and to the service account, "
            "and sign on again.",
            menu=APPS_MENU,
        ),
    ),
    404: worded(
        "The tenant has no ION messaging: look for IONSERVICES in Infor OS Portal > OS > "
        "API Gateway > Available APIs."
    ),
    412: _CONNECTION_POINT,
}


@dataclass(frozen=True, slots=True)
class BodMessage:
    """A business document for ION. `custom` holds `Custom_…` properties."""

    document_name: str
    message_id: str
    from_logical_id: str
    payload: bytes = field(repr=False)
    to_logical_id: str = DEFAULT_TO
    tenant_id: str | None = None
    accounting_entity: str | None = None
    location: str | None = None
    document_id: str | None = None
    revision_id: str | None = None
    variation_id: int | None = None
    batch_id: str | None = None
    batch_sequence: int | None = None
    batch_size: int | None = None
    source: str | None = None
    custom: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Published:
    """ION has taken the message; `status` and `text` are its own words."""

    message_id: str
    status: str
    text: str


class MessagingOperations(Service):
    """The operations of ION messaging, for threads (`Messaging`) and asyncio (`AsyncMessaging`).

    All raise ServiceError for ION's refusals, and the errors of connection, token and answer.
    """

    @operation
    def ping(self) -> Flow[str]:
        """Whether ION answers; gives the text it answers with, which is often empty."""
        answer = yield from self._ask(Call("GET", self._url("ping"), self._headers()))
        if answer.is_html:
            raise answer.refused("html", worded("ION answered with an HTML page."))
        return plain(answer, answer.content.decode("utf-8", "replace"))

    @operation
    def publish(self, message: BodMessage, *, max_payload: int = MAX_PAYLOAD) -> Flow[Published]:
        """Hand a message to ION (`POST v2/multipartMessage`).

        The same message gives the same bytes each time; ION recognises a repeat by its message
        id. Raises RequestRefused for a message that ION could only refuse or cut: names, lengths,
        or a payload over `max_payload` bytes.
        """
        parameters = parameters_of(message)
        if len(message.payload) > max_payload:
            raise RequestRefused(
                f"The document has {len(message.payload):,} bytes; ION takes {max_payload:,}.",
                remedy="Do not embed files in the document: store them in IDM and refer to them.",
            )
        content_type, body = _multipart(parameters, message.payload)
        headers = {**self._headers(), "Content-Type": content_type}
        url = self._url("v2/multipartMessage")
        answer = yield from self._ask(Call("POST", url, headers, body))
        return _published(answer, message.message_id)

    def _ask(self, call: Call) -> Flow[Answer]:
        answer: Answer = yield call
        if not answer.ok:
            raise service_error(answer, "ION", REMEDIES)
        return answer

    def _url(self, path: str) -> str:
        return f"{self._file.api_url}/{BASE}/{path}"

    def _headers(self) -> dict[str, str]:
        """ION ties a connection point to the client id (docs/reference/gateway.md#addresses)."""
        return {
            "Accept": "application/json",
            "X-TenantId": self._file.ti,
            "X-ClientId": self._file.ci,
        }


class Messaging(SyncService, MessagingOperations):
    """ION messaging for threads."""


class AsyncMessaging(AsyncService, MessagingOperations):
    """ION messaging for asyncio."""


def parameters_of(message: BodMessage) -> dict[str, Any]:
    """Return the parameters beside the payload; raises RequestRefused for what ION would refuse."""
    parameters: dict[str, Any] = {
        "documentName": message.document_name,
        "messageId": message.message_id,
        "fromLogicalId": message.from_logical_id,
        "toLogicalId": message.to_logical_id,
        "encoding": "NONE",
        "characterSet": "UTF-8",
        "tenantId": message.tenant_id,
        "accountingEntity": message.accounting_entity,
        "location": message.location,
        "documentId": message.document_id,
        "revisionId": message.revision_id,
        "variationId": message.variation_id,
        "batchId": message.batch_id,
        "batchSequence": message.batch_sequence,
        "batchSize": message.batch_size,
        "source": message.source,
        **message.custom,
    }
    given = {name: value for name, value in parameters.items() if value is not None}
    _check(given, message)
    return given


def _check(parameters: Mapping[str, Any], message: BodMessage) -> None:
    if not _DOCUMENT_NAME.fullmatch(message.document_name):
        raise RequestRefused("The document name must be a verb and a noun, as Sync.Invoice.")
    if not message.message_id:
        raise RequestRefused("The message has no message id.")
    for name in ("fromLogicalId", "toLogicalId"):
        if not _LOGICAL_ID.fullmatch(parameters[name]):
            raise RequestRefused(
                f"{name} is not a logical id of the form lid://infor.ims.name.",
                remedy=_CONNECTION_POINT,
            )
    for name, longest in _LENGTHS.items():
        if len(str(parameters.get(name, ""))) > longest:
            raise RequestRefused(f"{name} is longer than the {longest} characters ION takes.")
    for name, value in message.custom.items():
        if not re.fullmatch(r"Custom_\w{1,243}", name, re.ASCII) or len(value) > 250:
            raise RequestRefused("Custom properties are named Custom_… and hold 250 characters.")


def _multipart(parameters: Mapping[str, Any], payload: bytes) -> tuple[str, bytes]:
    """Content type and body. The boundary follows from the content, so a repeat has equal bytes."""
    request = json.dumps(parameters, ensure_ascii=False, separators=(",", ":")).encode()
    boundary = f"ionport-{hashlib.sha256(request + payload).hexdigest()[:40]}"
    parts = [
        ("ParameterRequest", "application/json", request),
        ("MessagePayload", "application/octet-stream", payload),
    ]
    body = b"".join(
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="filename"\r\n'
        f"Content-Type: {media_type}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, media_type, content in parts
    )
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def _published(answer: Answer, message_id: str) -> Published:
    if not answer.content.strip():
        return Published(message_id, "OK", "")
    data = answer.json_object()
    status, text = plain(answer, data.get("status")), plain(answer, data.get("message"))
    if status and status.upper() != "OK":
        raise ServiceError(
            worded("ION did not take the message: {message}", message=text or status),
            service="ION",
            status=answer.status,
            code="ion_not_published",
            remote_code=status,
            remote_message=text,
            detail=answer.excerpt(),
        )
    return Published(message_id, status or "OK", text)
