"""Exports documents that are not held and need no approval, where the document type asks for it.

It asks the database again and again, so that nothing is lost when a process ends. A document that
turns out to be held when it is exported waits, with its finding, for a person.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Final

from cachetools import TTLCache
from sqlalchemy.exc import SQLAlchemyError

from ionport.core.clock import BootClock
from ionport.core.errors import IonportError
from ionport.core.repeating import Repeating
from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.documents.type_settings.service import TypeSettingsService
from ionport.documents.types import DOCUMENT_TYPES
from ionport.exports.automatic.repository import AutomaticRepository
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.deliveries import DeliveryService
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, SystemScope

LOOK_SECONDS: Final = 2.0
"""How long is waited after a look that found nothing to export."""

_SCOPE: Final = SystemScope("automatic exports")
_ACTOR: Final = Actor.operator("ionport")
_ORGANIZATIONS: Final = 100
_DOCUMENTS: Final = 50
_REFUSED: Final = 500
_TRIED_AGAIN: Final = 300.0
_logger = logging.getLogger(__name__)


class AutomaticExporter:
    """Finds documents that may be exported, and exports each in a transaction of its own."""

    def __init__(
        self,
        database: Database,
        clock: BootClock,
        types: TypeSettingsService,
        deliveries: DeliveryService,
    ) -> None:
        self._database = database
        self._types = types
        self._deliveries = deliveries
        self._stopping = threading.Event()
        # Documents that cannot be exported are tried again after some minutes, not at every look.
        self._refused: TTLCache[str, None] = TTLCache(_REFUSED, _TRIED_AGAIN, clock.boot)

    def stop(self) -> None:
        """Export no further document; the one under way is finished."""
        self._stopping.set()

    def repeating(self, every_seconds: float = LOOK_SECONDS) -> Repeating:
        """Return what looks again and again, until it is closed."""
        return Repeating(
            "automatic-exports", self.look, every_seconds, goes_on=True, interrupt=self.stop
        )

    def look(self) -> int:
        """Look once; returns how many documents were exported. Raises what a database does."""
        exported = 0
        for scope in self._organizations():
            with self._database.read() as work:
                settings = self._types.of_types(work.within(scope), DOCUMENT_TYPES)
                kinds = [kind for kind, one in settings.items() if one.approvals.exports_by_itself]
                waiting = (
                    AutomaticRepository(work.connection).waiting(
                        scope, kinds, list(self._refused), _DOCUMENTS
                    )
                    if kinds
                    else ()
                )
            for document_id in waiting:
                if self._stopping.is_set():
                    return exported
                exported += self._export(scope, document_id)
        return exported

    def _organizations(self) -> Iterator[OrganizationScope]:
        after = ""
        while True:
            with self._database.read() as work:
                found = ConfigurationRepository(work.connection).organizations_that_export(
                    _SCOPE, after, _ORGANIZATIONS
                )
            yield from found
            if len(found) < _ORGANIZATIONS:
                return
            after = found[-1].organization_id

    def _export(self, scope: OrganizationScope, document_id: str) -> bool:
        try:
            with keeping_findings(self._database) as work:
                return bool(self._deliveries.export(Access(work, scope, _ACTOR), document_id))
        except DocumentHeld:
            return False
        except SQLAlchemyError:
            raise
        except IonportError as error:
            _logger.warning("document %s is not exported by itself: %s", document_id, error.text)
        except Exception:
            # A fault of ours with one document: the others do not wait for it.
            _logger.exception("the export of document %s broke off", document_id)
        self._refused[document_id] = None
        return False
