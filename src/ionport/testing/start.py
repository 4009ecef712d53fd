"""Starts a test session's sandbox as fast as possible."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ionport.oauth.tokens.keys.private_keys import new_private_key

if TYPE_CHECKING:
    from ionport.testing.infor import Infor


@contextmanager
def started_infor() -> Iterator[Infor]:
    """Serve a fresh tenant for the time of the block, as `running.running_infor` does.

    The key that signs tokens is made in a thread while all the rest is imported: that needs no
    interpreter lock.
    """
    with ExitStack() as stack:
        key = stack.enter_context(ThreadPoolExecutor(1)).submit(new_private_key)
        with _collector_resting():
            from ionport.testing.running import running_infor

            infor = stack.enter_context(running_infor(new_key=key.result))
        yield infor


@contextmanager
def _collector_resting() -> Iterator[None]:
    """Pause the garbage collector while modules are imported, whose objects stay anyway.

    At the end it counts as old: frozen and thawed, it is in the oldest generation.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if was_enabled:
            gc.enable()
