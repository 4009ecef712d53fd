"""Export as an action of bulk runs."""

from __future__ import annotations

from ionport.core.i18n import _
from ionport.documents.bulk.model import BulkOutcome, BulkRun
from ionport.documents.bulk.runner import BulkStep
from ionport.exports.deliveries import DeliveryService
from ionport.exports.model import DeliveryStatus
from ionport.identity.access import Access
from ionport.store import OrganizationScope

_ENDED_BADLY = (DeliveryStatus.FAILED, DeliveryStatus.CANCELLED)


def export_step(deliveries: DeliveryService) -> BulkStep:
    """Return how one document of a run is exported; what was exported before is left out."""

    def export(access: Access[OrganizationScope], document_id: str, run: BulkRun) -> BulkOutcome:
        del run
        found = deliveries.export(access, document_id)
        if not all(delivery.status.is_over for delivery in found):
            return BulkOutcome.done()
        if all(delivery.status in _ENDED_BADLY for delivery in found):
            text = _("Its last export did not end well. Open its delivery and choose Retry.")
            return BulkOutcome.left_out("export_failed", text)
        text = _("It was exported before and is not sent twice.")
        return BulkOutcome.left_out("exported_before", text)

    return export
