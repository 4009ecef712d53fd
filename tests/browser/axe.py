"""The judge of accessibility that others use too: axe-core, put into the page."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

_SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# Only what is reported runs: a finding is as serious as its rule says.
_RUN = """async (withContrast) => {
  const tags = new Set(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  const values = axe._audit.rules
    .filter((rule) => rule.enabled && rule.tags.some((tag) => tags.has(tag)))
    .filter((rule) => !rule.tags.some((tag) => ['experimental', 'deprecated'].includes(tag)))
    .filter((rule) => !rule.impact || ['serious', 'critical'].includes(rule.impact))
    .map((rule) => rule.id)
    .filter((id) => withContrast || id !== 'color-contrast');
  const found = await axe.run(document, {
    runOnly: { type: 'rule', values }, resultTypes: ['violations'], preload: false });
  return found.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.map((n) => n.html).join(' | ')}`);
}"""

_CONTRAST = """async () => {
  const found = await axe.run(document, {
    runOnly: { type: 'rule', values: ['color-contrast'] }, resultTypes: ['violations'],
    preload: false });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((n) => n.html).join(' | ')}`);
}"""


def is_installed() -> bool:
    """Whether axe-core is there."""
    return _SCRIPT.is_file()


def require_axe() -> None:
    """Skip the test where axe-core is not installed; fail it where CI=true."""
    if is_installed():
        return
    text = "NO AXE-CORE FOUND: accessibility was not judged. Install it with npm ci."
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def violations(page: Page, *, contrast: bool = True) -> list[str]:
    """Return the serious and critical violations of the page as it is shown now.

    Contrast takes longer than all else together: leave it out where `audit` has judged it.
    """
    # The page's Content-Security-Policy does not reach what the browser is told to evaluate.
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: list[str] = page.evaluate(_RUN, contrast)
    return found


def pale_texts(page: Page) -> list[str]:
    """Return the texts whose contrast is too low as the page is shown now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: list[str] = page.evaluate(_CONTRAST)
    return found


@cache
def _source() -> str:
    return f"{_SCRIPT.read_text(encoding='utf-8')}\n;0"
