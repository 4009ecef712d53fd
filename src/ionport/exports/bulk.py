"""Export, and trying again what has failed, as actions of bulk runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ionport.core.i18n import _
from ionport.documents.bulk.model import BulkOutcome, BulkRun
from ionport.documents.bulk.runner import BulkStep
from ionport.exports.deliveries import DeliveryService
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.exports.status import newest_of_each
from ionport.identity.access import Access
from ionport.store import OrganizationScope

MAX_AGAIN: Final = 10_000
"""How many documents one run tries again or exports again as new."""

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


def retry_step(
    deliveries: DeliveryService,
    is_meant: Callable[[Delivery, BulkRun], bool],
    *,
    leaves_out_unsure: bool = False,
) -> BulkStep:
    """Return how the deliveries of one document that are meant are tried again.

    `leaves_out_unsure`: not those of which a call may have arrived although its answer is missing.
    """

    def again(access: Access[OrganizationScope], document_id: str, run: BulkRun) -> BulkOutcome:
        failed = _meant(deliveries, access, document_id, run, is_meant)
        if not failed:
            text = _("Nothing of it has failed any longer.")
            return BulkOutcome.left_out("failed_no_longer", text)
        failed = [each for each in failed if (each.finished_at or run.created_at) <= run.created_at]
        if not failed:
            text = _("It was tried again since and has failed again: that needs a decision anew.")
            return BulkOutcome.left_out("failed_again", text)
        # Before any of them is tried: a document is done as a whole or left out as a whole.
        if leaves_out_unsure and not all(
            deliveries.is_surely_refused(access, each) for each in failed
        ):
            text = _(
                "A call may have arrived although its answer is missing. Open the delivery and"
                " decide: Retry looks it up first."
            )
            return BulkOutcome.left_out("may_have_arrived", text)
        for delivery in failed:
            deliveries.retry(access, delivery.id, reason=run.reason)
        return BulkOutcome.done()

    return again


def re_export_step(
    deliveries: DeliveryService, is_meant: Callable[[Delivery, BulkRun], bool]
) -> BulkStep:
    """Return how one document is exported again as new where the ERP has not taken it."""

    def anew(access: Access[OrganizationScope], document_id: str, run: BulkRun) -> BulkOutcome:
        not_taken = _meant(deliveries, access, document_id, run, is_meant)
        if not not_taken:
            text = _("It was exported again since, or the ERP has taken it.")
            return BulkOutcome.left_out("taken_meanwhile", text)
        for delivery in not_taken:
            deliveries.re_export(access, document_id, run.reason, delivery.configuration_id)
        return BulkOutcome.done()

    return anew


def _meant(
    deliveries: DeliveryService,
    access: Access[OrganizationScope],
    document_id: str,
    run: BulkRun,
    is_meant: Callable[[Delivery, BulkRun], bool],
) -> list[Delivery]:
    newest = newest_of_each(deliveries.of_document(access, document_id))
    return [each for each in newest if is_meant(each, run)]
