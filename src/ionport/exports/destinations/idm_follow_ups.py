"""Changes the item in IDM once the ERP has posted or rejected the invoice.

Source: docs/reference/ion-messaging.md#confirm-and-acknowledge: the vendor's receiver sets an
attribute and the ACL of what was posted, and deletes what was rejected.

Both calls have the same effect however often they are made, so that after a lost answer the same
bytes are sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ionport.core.i18n import _
from ionport.documents.model import ErpStatus
from ionport.exports.destinations.port import Answer, AnyCall, Calling, MethodOption, Payload
from ionport.exports.model import Delivery, StepKind
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.errors import ServiceError

POSTED_ATTRIBUTE: Final = "posted_attribute"
POSTED_ACL: Final = "posted_acl"
REMOVE_REJECTED: Final = "remove_rejected"

OPTIONS: Final = (
    MethodOption(
        POSTED_ATTRIBUTE,
        lambda: _("Attribute in IDM once it is posted"),
        lambda: _("Name and value, such as Export=Success. Empty changes nothing."),
        pattern=r"[A-Za-z_][A-Za-z0-9_.-]{0,127}=[^\x00-\x1f]{1,250}",
    ),
    MethodOption(
        POSTED_ACL,
        lambda: _("ACL in IDM once it is posted"),
        lambda: _("The name of an ACL, such as Private. Empty changes nothing."),
        pattern=r"[^\x00-\x1f]{1,100}",
    ),
    MethodOption(
        REMOVE_REJECTED,
        lambda: _("Remove what the ERP rejects from IDM"),
        lambda: _("The item is deleted; the document stays here with the ERP's reason."),
        is_switch=True,
    ),
)


def wanted_step(
    status: ErpStatus | None, options: Mapping[str, str]
) -> tuple[StepKind, Mapping[str, str]] | None:
    """Return the step that a configuration asks for, and its parameters; None for none."""
    if status is ErpStatus.REJECTED and options.get(REMOVE_REJECTED):
        return StepKind.IDM_REMOVE, {}
    attribute, acl = options.get(POSTED_ATTRIBUTE, ""), options.get(POSTED_ACL, "")
    if status is ErpStatus.POSTED and (attribute or acl):
        return StepKind.IDM_UPDATE, {"attribute": attribute, "acl": acl}
    return None


class IdmUpdate:
    """Sets an attribute and the ACL of the item."""

    kind = StepKind.IDM_UPDATE
    look_up = None
    is_made_in_parts = False

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        name, _sign, value = payload.parameters["attribute"].partition("=")
        item = calling.client.idm.update_item(
            payload.parameters["pid"],
            ((name, value),) if name else (),
            acl=payload.parameters["acl"] or None,
        )
        return Answer(item.pid, _("Changed in IDM, as the ERP has posted it."))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {"idm_pid": remote_id} if remote_id else {}

    def remote_id(self, delivery: Delivery) -> str:
        return ""


class IdmRemove:
    """Deletes the item; that it is gone already is as good."""

    kind = StepKind.IDM_REMOVE
    look_up = None
    is_made_in_parts = False

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        try:
            calling.client.idm.delete_item(payload.parameters["pid"])
        except ServiceError as error:
            if error.status != 404:
                raise
        return Answer("", _("Removed from IDM, as the ERP has rejected it."))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {"idm_pid": None}

    def remote_id(self, delivery: Delivery) -> str:
        return ""


FOLLOW_UPS: tuple[AnyCall, ...] = (IdmUpdate(), IdmRemove())
"""The calls of steps that a delivery gets after its last one."""
FOLLOW_UP_KINDS: Final = frozenset(call.kind for call in FOLLOW_UPS)
