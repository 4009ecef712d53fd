"""Applies or compiles one stylesheet: run by `running.py` as a process of its own, with limits.

Arguments: memory in bytes, CPU seconds. Standard input is JSON with `stylesheet`, `document` (null:
it is compiled alone) and `bytes`, the most that may come out. Standard output gets the result, with
exit status 0, or JSON with `line` and `text` of what is wrong, with 1. 2 means that saxonche is not
installed.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import Any

from lxml import etree

from ionport.core.errors import InvalidInput
from ionport.core.xml import parse
from ionport.core.xslt.stylesheets import StylesheetError, compile_stylesheet

# As libxslt says it of templates, and of variables that are made of each other.
_ENDLESS = re.compile(r"infinite template recursion|Recursive definition of")


def _made(job: dict[str, Any], memory: int) -> bytes:
    stylesheet = compile_stylesheet(job["stylesheet"])
    document = job["document"]
    if stylesheet.program is None:
        # Not before it is needed: loading it takes time, and it may not be installed.
        from ionport.core.xslt.saxon import run_saxon

        return run_saxon(job["stylesheet"], document, memory)
    if document is None:
        return b""
    root = parse(document.encode())
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # Standard input, output and error are there; nothing else is opened.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    try:
        # As xsl:output says: text, HTML or XML with its encoding.
        return bytes(stylesheet.program(root))
    except etree.XSLTApplyError as error:
        raise _told(error) from error


def _told(error: etree.XSLTApplyError) -> StylesheetError:
    """Return what went wrong; of several messages libxslt gives the last one, which says least."""
    entries = [(str(entry.message), int(entry.line)) for entry in error.error_log]
    line = next((line for _why, line in entries if line > 0), None)
    if any(_ENDLESS.search(why) for why, _line in entries):
        return StylesheetError("endless recursion: what is called here calls itself again", line)
    return StylesheetError(str(error), line)


def _answer(job: dict[str, Any], memory: int) -> bytes:
    content = _made(job, memory)
    if len(content) > int(job["bytes"]):
        raise StylesheetError("it makes too much", None)
    return content


def main() -> int:
    """Read the job, answer it and return the exit status."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        sys.stdout.buffer.write(_answer(json.loads(sys.stdin.buffer.read()), memory))
    except ModuleNotFoundError:
        return 2
    except StylesheetError as error:
        names = ", ".join(reach.name for reach in error.forbidden)
        return _failed(error.line, f"{error.text}{f' ({names})' if names else ''}")
    except (InvalidInput, etree.XSLTError) as error:
        return _failed(None, str(error))
    return 0


def _failed(line: int | None, text: str) -> int:
    sys.stdout.write(json.dumps({"line": line, "text": text}))
    return 1


if __name__ == "__main__":
    sys.exit(main())
