"""The services that the JSON API uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.types import Scope

from ionport.api.limits import CallLimit
from ionport.connections.service import ConnectionService
from ionport.documents.intake.receiving import Receiver
from ionport.documents.intake.sources.waiting import WaitingUploads
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.service import WebhookService
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.arrivals.service import ArrivalService
from ionport.exports.configurations.service import ExportConfigurationService
from ionport.exports.deliveries import DeliveryService
from ionport.exports.dry_run import DryRunService
from ionport.exports.error_queue.service import ErrorQueue
from ionport.exports.fetching.service import FetchingService
from ionport.exports.replay import ReplayService
from ionport.identity.api_keys.answers import Answers
from ionport.identity.api_keys.service import ApiKeyService
from ionport.mappings.service import MappingService
from ionport.store import Database

_SERVING: Final = "ionport.api"


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The services behind the API. `max_request_bytes` bounds a request with files."""

    database: Database
    api_keys: ApiKeyService
    answers: Answers
    documents: DocumentService
    receiver: Receiver
    waiting: WaitingUploads | None
    readable_pages: ReadablePageService
    connections: ConnectionService
    configurations: ExportConfigurationService
    deliveries: DeliveryService
    fetching: FetchingService
    error_queue: ErrorQueue
    replays: ReplayService
    arrivals: ArrivalService
    acknowledgements: AcknowledgementService
    dry_runs: DryRunService
    mappings: MappingService
    webhooks: WebhookService
    max_request_bytes: int
    calls_per_minute: int = 600


@dataclass(frozen=True, slots=True)
class Serving:
    """What answers the requests of one application: the routes are the same for all of them."""

    services: ApiServices
    limit: CallLimit

    def put_into(self, scope: Scope) -> None:
        """Let the routes find it."""
        scope[_SERVING] = self


def serving(scope: Scope) -> Serving:
    """Return what answers this request."""
    found = scope.get(_SERVING)
    if not isinstance(found, Serving):
        raise TypeError("a route of the API was reached outside of its application")
    return found


def services_of(request: Request) -> ApiServices:
    """Return the services of the application that answers this request."""
    return serving(request.scope).services


Services = Annotated[ApiServices, Depends(services_of)]
