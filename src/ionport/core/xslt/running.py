"""Runs a stylesheet over a document in a process of its own, with limits on time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _

_SECONDS: Final = 20
_MEMORY_BYTES: Final = 1_000_000_000
MAX_RESULT_BYTES: Final = 20_000_000


def transform(stylesheet: str, document: bytes) -> bytes:
    """Return what a stylesheet (XSLT 1.0) makes of a document, as `xsl:output` says.

    It sees the document and nothing else; see `compile_stylesheet`.

    Raises:
        InvalidInput: it cannot be used or ends with an error (with its line), is of a later
            version, makes nothing or over 20 MB, or takes more than 20 s or 1 GB.
    """
    job = {"stylesheet": stylesheet, "document": document.decode(), "bytes": MAX_RESULT_BYTES}
    # The program is ours; stylesheet and document come over its standard input.
    command = [sys.executable, "-B", "-m", "ionport.core.xslt.child"]
    limits = [str(_MEMORY_BYTES), str(_SECONDS)]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603
            [*command, *limits],
            input=json.dumps(job).encode(),
            capture_output=True,
            env=environment,
            timeout=_SECONDS + 5,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(_("it takes too long.")) from error
    if done.returncode == 0 and done.stdout:
        return done.stdout
    if done.returncode == 1:
        raise _failed(done.stderr.decode(errors="replace").strip()[:300])
    raise _failed(_("it makes nothing, or takes too much time or memory."))


def _failed(why: str) -> InvalidInput:
    return InvalidInput(
        _("The XSLT mapping cannot be applied to this document: {why}").format(why=why),
        code="xslt_failed",
    )
