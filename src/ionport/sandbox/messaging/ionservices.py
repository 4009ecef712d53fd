"""The API context IONSERVICES: ION messaging, Data Catalog and Data Lake."""

from __future__ import annotations

from dataclasses import dataclass

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.identity.audit import AuditLog
from ionport.sandbox.datafabric import suite
from ionport.sandbox.datafabric.compass.service import CompassService
from ionport.sandbox.datafabric.service import DataLakeService
from ionport.sandbox.datafabric.wire import error_answer as datafabric_error
from ionport.sandbox.kit.operations import Answer, Call, Service
from ionport.sandbox.messaging import errors as messaging_errors
from ionport.sandbox.messaging.flows.service import DocumentFlowService
from ionport.sandbox.messaging.points.service import ConnectionPointService
from ionport.sandbox.messaging.routes import MessagingRoutes
from ionport.sandbox.messaging.service import MessagingService

CONTEXT = "IONSERVICES"
# A document of 6 MB as base64 inside of JSON.
MAX_BODY_BYTES = 9_000_000


@dataclass(frozen=True, slots=True)
class Ion:
    """The services of ION, for machines and for pages."""

    points: ConnectionPointService
    messaging: MessagingService
    flows: DocumentFlowService
    lake: DataLakeService
    compass: CompassService


def open_ion(clock: Clock, blobs: Blobs, audit: AuditLog) -> Ion:
    """Put ION's services together."""
    points = ConnectionPointService(clock, audit)
    flows = DocumentFlowService(clock, blobs, audit)
    lake = DataLakeService(clock, blobs)
    messaging = MessagingService(clock, blobs, points, flows, lake)
    return Ion(points, messaging, flows, lake, CompassService(clock, blobs))


def service(ion: Ion) -> Service:
    """Return what answers below IONSERVICES as one of the sandbox's services."""
    operations = [
        *MessagingRoutes(ion.messaging).operations(),
        *suite.old_operations(ion.lake, ion.compass),
    ]
    return Service(CONTEXT, "ION", operations, _error_answer, MAX_BODY_BYTES)


def _error_answer(call: Call, error: IonportError) -> Answer:
    """Return an error in the shape of the service that the address is of, imitated or not."""
    if call.path.lower().startswith(suite.OLD_ADDRESSES):
        return datafabric_error(call, error)
    return messaging_errors.error_answer(call, error)
