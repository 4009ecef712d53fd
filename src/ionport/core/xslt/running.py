"""Runs a stylesheet over a document in a process of its own, with limits on time and memory."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.xslt.stylesheets import StylesheetError

_SECONDS: Final = 20
_MEMORY_BYTES: Final = 1_000_000_000
MAX_RESULT_BYTES: Final = 20_000_000
_LONGEST_DECLARATION: Final = 200
_NOTHING = re.compile(rb"\s*(?:<\?xml[^>]*\?>)?\s*")
_MADE, _WRONG, _NOT_INSTALLED = 0, 1, 2
_OUT_OF_TIME: Final = (-signal.SIGXCPU, -signal.SIGKILL)


class NoProcessor(Exception):
    """The stylesheet is of XSLT 2.0 or later, and the extra `xslt` is not installed."""


def transform(stylesheet: str, document: bytes) -> bytes:
    """Return what a stylesheet (XSLT 1.0, 2.0 or 3.0) makes of a document, as `xsl:output` says.

    It sees the document and nothing else; see `compile_stylesheet`.

    Raises:
        InvalidInput: it cannot be used or ends with an error (with its line), makes nothing or
            over 20 MB, takes more than 20 s or 1 GB, or needs the extra `xslt`.
    """
    try:
        content = _run(stylesheet, document.decode())
    except NoProcessor as error:
        raise _failed(no_processor_text()) from error
    except StylesheetError as error:
        where = "" if error.line is None else _("line {line}: ").format(line=error.line)
        raise _failed(where + error.text) from error
    if _NOTHING.fullmatch(content[:_LONGEST_DECLARATION]):
        raise _failed(_("it makes nothing."))
    return content


def check(stylesheet: str) -> None:
    """Compile a stylesheet of XSLT 2.0 or later, without a document.

    Raises:
        StylesheetError: it cannot be used, with its line.
        NoProcessor.
    """
    _run(stylesheet, None)


def no_processor_text() -> str:
    """Say that XSLT 2.0 and 3.0 need the extra, and how to get it."""
    return _(
        "XSLT 2.0 and 3.0 need the package saxonche: install ionport[xslt], or write the stylesheet"
        " in XSLT 1.0."
    )


def _run(stylesheet: str, document: str | None) -> bytes:
    job = {"stylesheet": stylesheet, "document": document, "bytes": MAX_RESULT_BYTES}
    # The program is ours; stylesheet and document come over its standard input.
    command = [sys.executable, "-B", "-m", "ionport.core.xslt.child"]
    limits = [str(_MEMORY_BYTES), str(_SECONDS)]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603
            [*command, *limits],
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=_SECONDS + 5,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _out_of_time() from error
    if done.returncode == _MADE:
        return done.stdout
    if done.returncode == _WRONG and done.stdout:
        told = json.loads(done.stdout)
        raise StylesheetError(told["text"][:300], told["line"])
    if done.returncode == _NOT_INSTALLED:
        raise NoProcessor
    if done.returncode in _OUT_OF_TIME:
        raise _out_of_time()
    raise StylesheetError(_("it takes more memory than the limit of 1 GB."), None)


def _out_of_time() -> StylesheetError:
    return StylesheetError(
        _("it takes more than {seconds} s; does something call itself without end?").format(
            seconds=_SECONDS
        ),
        None,
    )


def _failed(why: str) -> InvalidInput:
    return InvalidInput(
        _("The XSLT mapping cannot be applied to this document: {why}").format(why=why),
        code="xslt_failed",
    )
