"""The requests of a recording, by section."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tools.recording.asks import Ask, Client
from tools.recording.gateway import gateway
from tools.recording.oauth import oauth, refreshed
from tools.recording.server import TENANT, Asker
from tools.recording.services import described, machines, scenes, soap


def sections(
    asker: Asker, client: Client, browser: Asker, state: Mapping[str, str]
) -> Iterator[Iterator[Ask]]:
    """Yield the requests by section. An id made in one does not depend on the others."""
    # The services by name: a context that is left out here would be missed below.
    contexts = ("IDM", "IONSERVICES", "DATAFABRIC", "M3", "LN", "Mingle")
    found = _documents(asker, client, contexts)
    yield oauth(client, browser)
    yield refreshed(client, state)
    yield gateway(client)
    for context in contexts:
        yield described(context, found[context], client, state)
    yield soap(client)
    yield scenes(client, state)
    yield machines(client)
    # The last: it changes clock, limits and faults, and empties the sandbox.
    yield described("control", found["control"], client, state)


def _documents(
    asker: Asker, client: Client, contexts: Iterable[str]
) -> dict[str, Mapping[str, Any]]:
    """Return the OpenAPI documents by context, and that of the control plane as `control`."""
    headers = {"authorization": f"Bearer {client.control_key}"}
    found = {"control": "/_control/openapi.json"}
    found |= {each: f"/_control/{TENANT}/openapi/{each}" for each in contexts}
    return {name: json.loads(asker.ask("GET", path, headers).body) for name, path in found.items()}
