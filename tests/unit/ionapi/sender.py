"""The process behind `receiving.Sender`: one call for each line of its input."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from ionport.ionapi import (
    IonApiClient,
    IonApiError,
    ItemDraft,
    MemoryTokenStore,
    Secret,
    SendWindow,
    TokenSet,
    boot_time,
)
from tests.unit.ionapi.loopback import credentials


def say(*words: Any) -> None:
    print(json.dumps(words), flush=True)


def call(iu: str, pu: str, size: int, window: float | None) -> None:
    file = credentials(pu, iu=iu)
    store = MemoryTokenStore()
    store.save(file.fingerprint, TokenSet(Secret("access-0000"), time.time() + 3600))
    draft = ItemDraft("Invoice", resources=(("a.pdf", b"x" * size),))
    with IonApiClient(file, store=store) as client:
        if window is not None:
            end_by = boot_time() + window
            client = client.guarded_by(lambda: SendWindow(begin_by=end_by, end_by=end_by))
            say("window", end_by)
        try:
            client.idm.create_item(draft)
        except IonApiError as error:
            say(type(error).__name__, error.sent)
        else:
            say("answered")


for line in sys.stdin:
    call(**json.loads(line))
