"""Deliveries as rows for people and machines."""

from __future__ import annotations

from typing import Any

from ionport.exports.model import Delivery


def delivery_row(item: Delivery) -> dict[str, Any]:
    """Return a delivery as a row for people and machines."""
    return {
        "delivery": item.id,
        "document": item.document_id,
        "configuration": item.configuration_title,
        "status": item.status.value,
        "error": item.error_text,
        "remedy": item.remedy,
        "idm_pid": item.idm_pid,
        "erp_reference": item.erp_reference,
        "erp_status": item.erp_status.value if item.erp_status else None,
        "erp_voucher": item.erp_voucher,
        "message_id": item.message_id,
        "correlation_id": item.correlation_id,
    }
