"""Messages as clients of ION send them, and what an administrator sets up for them."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from ionport.core.ids import new_uuid
from ionport.identity.access import Access
from ionport.sandbox.messaging.points.model import ConnectionPoint, PointDraft
from ionport.store import TenantScope
from tests.support.infor_side import OPERATOR, SCOPE, InforSide

BASE = "/IONSERVICES/api/ion/messaging/service"
DOCUMENT = "Sync.CaptureDocument"


def bod(number: str = "471102", correlation_id: str = "", **fields: str) -> bytes:
    """Return a Sync.CaptureDocument without a finding; `fields` become its DocumentFields."""
    rows = {"InvoiceNumber": number, **fields}
    if correlation_id:
        rows["AlternateDocumentID"] = correlation_id
    made = "".join(
        f"<DocumentField><Name>{name}</Name><Value>{value}</Value></DocumentField>"
        for name, value in rows.items()
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<SyncCaptureDocument xmlns="http://schema.infor.com/InforOAGIS/2" releaseID="9.2">
<ApplicationArea><CreationDateTime>2026-03-05T10:11:12Z</CreationDateTime>
<BODID>infor-nid:ACME_TST:001_100::{number}:?CaptureDocument&amp;verb=Sync</BODID></ApplicationArea>
<DataArea><Sync><AccountingEntityID>001_100</AccountingEntityID></Sync>
<CaptureDocument><DocumentID><ID>{number}</ID></DocumentID>
<DocumentType>M3_SupplierInvoice</DocumentType>{made}</CaptureDocument></DataArea>
</SyncCaptureDocument>""".encode()


def parameters(**changes: Any) -> dict[str, Any]:
    """Return the parameters of a message; None leaves one out."""
    values = {
        "documentName": DOCUMENT,
        "messageId": new_uuid(),
        "fromLogicalId": "lid://infor.ims.docbits",
        "toLogicalId": "lid://default",
        "encoding": "NONE",
        "characterSet": "UTF-8",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def publish(
    client: httpx2.Client, values: Any, payload: bytes | None = None, version: str = "v2"
) -> httpx2.Response:
    """Send a message in two parts, as inforion does."""
    files = {
        "ParameterRequest": ("filename", json.dumps(values), "application/json"),
        "MessagePayload": (
            "filename",
            bod() if payload is None else payload,
            "application/octet-stream",
        ),
    }
    return client.post(f"{BASE}/{version}/multipartMessage", files=files)


def multipart(values: Any, payload: bytes) -> tuple[str, bytes]:
    """Return Content-Type and body of a message in two parts."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="ParameterRequest"\r\n\r\n'
        + json.dumps(values).encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="MessagePayload"\r\n\r\n'
        + payload
        + b"\r\n--b--\r\n"
    )
    return "multipart/form-data; boundary=b", body


def add_point(
    side: InforSide,
    client_id: str,
    name: str,
    *documents: str,
    active: bool = True,
    scope: TenantScope = SCOPE,
) -> ConnectionPoint:
    """Make a connection point as its page does."""
    points = side.services.ion.points
    with side.database.write() as work:
        access = Access(work, scope, OPERATOR)
        draft = PointDraft(name, "Test", client_id, documents or (DOCUMENT,))
        point = points.create_point(access, draft)
        if not active:
            point = points.set_active(access, point.id, active=False)
    return point
