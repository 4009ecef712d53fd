"""Applies one stylesheet: run by `running.py` as a process of its own, with limits.

Arguments: memory in bytes, CPU seconds. Standard input is JSON with `stylesheet`, `document` and
`bytes`, the most that may come out. The result goes to standard output with exit status 0, what is
wrong to standard error with 1.
"""

from __future__ import annotations

import json
import re
import resource
import sys

from lxml import etree

from ionport.core.errors import InvalidInput
from ionport.core.xml import parse
from ionport.core.xslt.stylesheets import StylesheetError, compile_stylesheet

# As libxslt says it of templates, and of variables that are made of each other.
_ENDLESS = re.compile(r"infinite template recursion|Recursive definition of")


def _apply(job: dict[str, str]) -> bytes:
    stylesheet = compile_stylesheet(job["stylesheet"])
    if stylesheet.program is None:
        raise StylesheetError(f"version {stylesheet.version} is not supported, 1.0 is", None)
    document = parse(job["document"].encode())
    try:
        result = stylesheet.program(document)
    except etree.XSLTApplyError as error:
        raise _told(error) from error
    # As xsl:output says: text, HTML or XML with its encoding.
    content = bytes(result)
    if len(content) > int(job["bytes"]):
        raise StylesheetError("it makes too much", None)
    return content


def _told(error: etree.XSLTApplyError) -> StylesheetError:
    """Return what went wrong; of several messages libxslt gives the last one, which says least."""
    entries = [(str(entry.message), int(entry.line)) for entry in error.error_log]
    line = next((line for _why, line in entries if line > 0), None)
    if any(_ENDLESS.search(why) for why, _line in entries):
        return StylesheetError("endless recursion: what is called here calls itself again", line)
    return StylesheetError(str(error), line)


def main() -> int:
    """Read the job, answer it and return the exit status."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        sys.stdout.buffer.write(_apply(json.loads(sys.stdin.buffer.read())))
    except StylesheetError as error:
        names = ", ".join(reach.name for reach in error.forbidden)
        line = "" if error.line is None else f"line {error.line}: "
        sys.stderr.write(f"{line}{error.text}{f' ({names})' if names else ''}")
        return 1
    except (InvalidInput, etree.XSLTError) as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
