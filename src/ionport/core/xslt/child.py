"""Applies one stylesheet: run by `running.py` as a process of its own, with limits.

Arguments: memory in bytes, CPU seconds. Standard input is JSON with `stylesheet`, `document` and
`bytes`, the most that may come out. The result goes to standard output with exit status 0, what is
wrong to standard error with 1.
"""

from __future__ import annotations

import json
import resource
import sys

from lxml import etree

from ionport.core.errors import InvalidInput
from ionport.core.xml import parse
from ionport.core.xslt.stylesheets import StylesheetError, compile_stylesheet


def _apply(job: dict[str, str]) -> bytes:
    stylesheet = compile_stylesheet(job["stylesheet"])
    if stylesheet.program is None:
        raise StylesheetError(f"version {stylesheet.version} is not supported, 1.0 is", None)
    result = stylesheet.program(parse(job["document"].encode()))
    # As xsl:output says: text, HTML or XML with its encoding.
    content = bytes(result)
    if len(content) > int(job["bytes"]):
        raise StylesheetError("it makes too much", None)
    return content


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
