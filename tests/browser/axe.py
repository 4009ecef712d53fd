"""The judge of accessibility that others use too: axe-core, put into the page."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

_SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# Only what is reported runs: a finding is as serious as its rule says.
_RUN = """async () => {
  const tags = new Set(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  const values = axe._audit.rules
    .filter((rule) => rule.enabled && rule.tags.some((tag) => tags.has(tag)))
    .filter((rule) => !rule.tags.some((tag) => ['experimental', 'deprecated'].includes(tag)))
    .filter((rule) => !rule.impact || ['serious', 'critical'].includes(rule.impact))
    .map((rule) => rule.id)
    .filter((id) => id !== 'color-contrast');
  const found = await axe.run(document, {
    runOnly: { type: 'rule', values }, resultTypes: ['violations'], preload: false });
  return found.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.map((n) => n.html).join(' | ')}`);
}"""

# Of texts that look alike (colours, size, weight, what is behind and around them) one is judged,
# and none whose like was right on an earlier page.
_CONTRAST = """async (known) => {
  // What is behind and around an element, unless something between covers what is behind.
  const around = [new Map(), new Map()];
  const look = (e, isCovered) => {
    if (!e) return '';
    const kept = around[Number(isCovered)];
    if (kept.has(e)) return kept.get(e);
    const { backgroundColor, backgroundImage, opacity, position } = getComputedStyle(e);
    const parts = [];
    if (opacity !== '1') parts.push(opacity);
    if (position !== 'static') parts.push(position, e.className);
    if (!isCovered) parts.push(backgroundImage, backgroundColor);
    const covers = backgroundImage === 'none' && /^rgb\\(/.test(backgroundColor);
    parts.push(look(e.parentElement, isCovered || covers));
    kept.set(e, parts.join());
    return kept.get(e);
  };
  const keyOf = (element) => {
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
    return [color, fontSize, fontWeight, textShadow, look(element, false)].join();
  };
  const found = new Map();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const key = keyOf(element);
    if (!found.has(key)) found.set(key, element);
  }
  for (const field of document.querySelectorAll('input,select,textarea')) {
    if (field.checkVisibility()) found.set('field ' + keyOf(field), field);
  }
  for (const key of known) found.delete(key);
  if (!found.size) return { looks: [], pale: [] };
  const { violations } = await axe.run({ include: [...found.values()] }, {
    runOnly: { type: 'rule', values: ['color-contrast'] }, resultTypes: ['violations'],
    preload: false });
  const pale = violations.map(
    (one) => `${one.id}: ${one.help}: ${one.nodes.map((n) => n.html).join(' | ')}`);
  return { looks: [...found.keys()], pale };
}"""
_right_looks: set[str] = set()


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

    Leave contrast out where `audit` has judged it.
    """
    _put_into(page)
    found: list[str] = page.evaluate(_RUN)
    return [*found, *pale_texts(page)] if contrast else found


def pale_texts(page: Page) -> list[str]:
    """Return the texts whose contrast is too low as the page is shown now."""
    _put_into(page)
    judged = page.evaluate(_CONTRAST, sorted(_right_looks))
    pale: list[str] = judged["pale"]
    if not pale:
        _right_looks.update(judged["looks"])
    return pale


def _put_into(page: Page) -> None:
    page.wait_for_load_state()
    # The page's Content-Security-Policy does not reach what the browser is told to evaluate.
    if not page.evaluate("'axe' in window"):
        page.evaluate(source())


@cache
def source() -> str:
    """Return the script that puts axe into a page."""
    return f"{_SCRIPT.read_text(encoding='utf-8')}\n;0"
