"""Checks of XSLT stylesheets: they compile, and use nothing beside their input.

Source: https://www.w3.org/TR/1999/REC-xslt-19991116
"""

from __future__ import annotations

from collections.abc import Iterator

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.xslt.recursion import endless_templates
from ionport.core.xslt.running import NoProcessor, check
from ionport.core.xslt.stylesheets import StylesheetError, compile_stylesheet, read_stylesheet
from ionport.mappings.lint.common import found
from ionport.mappings.model import Finding


def lint_stylesheet(text: str) -> Iterator[Finding]:
    """Yield the findings about a stylesheet. From XSLT 2.0 on it is compiled in a process."""
    content = text.removeprefix("\ufeff")
    try:
        stylesheet = compile_stylesheet(content)
        if stylesheet.program is None:
            check(content)
    except StylesheetError as error:
        for reach in error.forbidden:
            yield found("xslt_forbidden", reach.line, name=reach.name)
        if not error.forbidden:
            yield found("xslt_broken", error.line, why=error.text)
    except (InvalidInput, TooLarge) as error:
        yield found("xslt_broken", why=error.text)
    except NoProcessor:
        yield found("xslt_version", version=stylesheet.version)
    else:
        for template in endless_templates(read_stylesheet(content)):
            yield found("xslt_endless", template.line, name=template.name)
