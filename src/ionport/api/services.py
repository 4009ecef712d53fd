"""What the JSON API uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from ionport.connections.service import ConnectionService
from ionport.documents.intake.receiving import Receiver
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.documents.service import DocumentService
from ionport.exports.deliveries import DeliveryService
from ionport.identity.api_keys.answers import Answers
from ionport.identity.api_keys.service import ApiKeyService
from ionport.store import Database


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The services behind the API. `max_request_bytes` bounds a request with files."""

    database: Database
    api_keys: ApiKeyService
    answers: Answers
    documents: DocumentService
    receiver: Receiver
    readable_pages: ReadablePageService
    connections: ConnectionService
    deliveries: DeliveryService
    max_request_bytes: int
    calls_per_minute: int = 600


def services_of(request: Request) -> ApiServices:
    """Return the services of the application that answers this request."""
    services = request.app.state.services
    if not isinstance(services, ApiServices):
        raise TypeError("a route of the API was reached outside of its application")
    return services


Services = Annotated[ApiServices, Depends(services_of)]
