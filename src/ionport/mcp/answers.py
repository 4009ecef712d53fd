"""The answers of tools: plain values by the field's names, texts bounded, nothing secret."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ionport.connections.model import Check, Connection
from ionport.exports.model import Attempt, Delivery, DeliveryStep
from ionport.ionapi.idm import Item
from ionport.ionapi.m3 import M3Result
from ionport.manual.answers import Answer
from ionport.mcp.model import cut

Facts = dict[str, Any]


def manual_facts(answer: Answer) -> Facts:
    """Return the manual's answer to a question, word for word, with its pages."""
    return {
        "answered": answer.is_answered,
        "excerpts": [
            {"page": each.page, "heading": each.heading, "text": each.text}
            for each in answer.excerpts
        ],
        "nearest_pages": list(answer.nearest),
    }


def connection_facts(connection: Connection, check: Check | None) -> Facts:
    """Return a connection with how its last proof ended, stage by stage."""
    return {
        "id": connection.id,
        "name": connection.name,
        "kind": connection.target.value,
        "tenant": connection.tenant_id,
        "app": connection.app_name,
        "environment": connection.environment,
        "gateway": connection.gateway,
        "proof": None if check is None else _proof(check),
    }


def item_facts(item: Item) -> Facts:
    """Return an item of IDM without its files' content."""
    return {
        "pid": item.pid,
        "document_type": item.entity_name,
        "version": item.version,
        "created": item.created,
        "changed": item.changed,
        "attributes": [{"name": name, "value": cut(value)} for name, value in item.attributes],
        "files": [
            {"filename": each.filename, "mime_type": each.mime_type, "bytes": each.size}
            for each in item.resources
        ],
    }


def records_of(result: M3Result) -> list[dict[str, str]]:
    """Return the records of a transaction of M3."""
    return [{name: cut(value) for name, value in each.items()} for each in result.records]


def delivery_facts(delivery: Delivery) -> Facts:
    """Return a delivery: its document, configuration, status and error."""
    return {
        "id": delivery.id,
        "document": delivery.document_id,
        "configuration": delivery.configuration_title,
        "connection": delivery.connection_id,
        "method": delivery.method,
        "status": delivery.status.value,
        "correlation_id": delivery.correlation_id,
        "idm_pid": delivery.idm_pid,
        "erp_reference": delivery.erp_reference,
        "erp_status": delivery.erp_status.value if delivery.erp_status else None,
        "erp_text": cut(delivery.erp_text) or None,
        "error_code": delivery.error_code or None,
        "error": cut(delivery.error_text) or None,
        "remedy": delivery.remedy or None,
        "next_attempt_at": _moment(delivery.due_at),
        "created_at": _moment(delivery.created_at),
        "finished_at": _moment(delivery.finished_at),
    }


def step_facts(step: DeliveryStep) -> Facts:
    """Return a step of a delivery."""
    return {
        "step": step.kind,
        "status": step.status.value,
        "remote_id": step.remote_id or None,
        "summary": cut(step.summary) or None,
        "calls": step.attempts,
    }


def attempt_facts(attempt: Attempt) -> Facts:
    """Return one call to the target, without what was sent and answered."""
    return {
        "step": attempt.step,
        "number": attempt.number,
        "state": attempt.state.value,
        "sent_at": _moment(attempt.sent_at),
        "http_status": attempt.http_status,
        "milliseconds": attempt.milliseconds,
        "error_code": attempt.error_code or None,
        "error": cut(attempt.error_text) or None,
    }


def _proof(check: Check) -> Facts:
    return {
        "status": check.status.value,
        "started_at": _moment(check.started_at),
        "stages": [
            {
                "stage": stage.key,
                "status": stage.status.value,
                "summary": cut(stage.summary),
                "cause": cut(stage.cause),
                "remedy": stage.remedy,
                "code": stage.code,
            }
            for stage in check.stages
        ],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
