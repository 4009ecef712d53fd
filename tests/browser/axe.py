"""The judge of accessibility that others use too: axe-core, put into the page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

_SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => {
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await axe.run(document, { runOnly: { type: 'tag', values: rules } });
  return found.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.map((n) => n.html).join(' | ')}`);
}"""


def require_axe() -> None:
    """Skip the test where axe-core is not installed; fail it where CI=true."""
    if _SCRIPT.is_file():
        return
    text = "NO AXE-CORE FOUND: accessibility was not judged. Install it with npm ci."
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def violations(page: Page) -> list[str]:
    """Return the serious and critical violations; the window must have `bypass_csp`."""
    page.add_script_tag(path=_SCRIPT)
    found: list[str] = page.evaluate(_RUN)
    return found
