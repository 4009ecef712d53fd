"""The requests of known ION API clients: the whole list of docs/reference/known-clients.md."""

from __future__ import annotations

from typing import Final

from tests.support.known_clients.others import OTHERS
from tests.support.known_clients.sdk import MOBILE_AND_H5, SDK
from tests.support.known_clients.wire import Client, Expected

__all__ = ["CLIENTS", "Client", "Expected"]

CLIENTS: Final = SDK + MOBILE_AND_H5 + OTHERS
