"""What every page owes to people who cannot see it well, use no mouse, or hold a phone."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

# WCAG 2.2: 1.1.1, 1.3.1, 1.4.3, 2.4.2, 2.4.6, 3.1.1, 4.1.2. Runs in the page.
_AUDIT = """() => {
  const found = [];
  const say = (text, element) => found.push(text + ': ' + describe(element));
  const describe = (element) => {
    const copy = element.outerHTML.replace(/\\s+/g, ' ');
    return copy.length > 160 ? copy.slice(0, 160) + '…' : copy;
  };
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isShown);
  const isShown = (element) => element.checkVisibility({
    opacityProperty: false, visibilityProperty: true, contentVisibilityAuto: true });
  const textOf = (element) => (element.textContent || '').trim();
  const referred = (element, name) => (element.getAttribute(name) || '').split(/\\s+/)
    .filter(Boolean).map((id) => document.getElementById(id));
  const nameOf = (element) =>
    element.getAttribute('aria-label')
    || referred(element, 'aria-labelledby').map((e) => e ? textOf(e) : '').join(' ').trim()
    || [...(element.labels || [])].map(textOf).join(' ').trim()
    || (element.matches('input,select,textarea') ? '' : textOf(element))
    || [...element.querySelectorAll('img[alt]')].map((e) => e.alt).join(' ').trim();

  if (!document.documentElement.lang) found.push('the page names no language');
  const headings = all('h1,h2,h3,h4,h5,h6');
  const first = headings.filter((heading) => heading.matches('h1'));
  if (first.length !== 1) found.push(`${first.length} headings of level 1`);
  let level = 0;
  for (const heading of headings) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) say(`heading of level ${own} after level ${level}`, heading);
    if (!textOf(heading)) say('empty heading', heading);
    level = own;
  }
  for (const field of all('input:not([type=hidden]),select,textarea')) {
    if (!nameOf(field)) say('no accessible name', field);
  }
  for (const control of all('button,a[href],summary')) {
    if (!nameOf(control)) say('no accessible name', control);
  }
  for (const link of all('a:not([href])')) say('a link without an address', link);
  for (const image of document.querySelectorAll('img:not([alt])')) say('no alt', image);
  for (const drawing of all('svg:not([aria-hidden=true]):not([aria-label])')) {
    say('a drawing is read out', drawing);
  }
  for (const table of all('table')) {
    const isNamed = table.matches('[aria-label],[aria-labelledby],:has(caption),article *');
    if (!isNamed) say('a table without a caption', table);
    for (const cell of table.querySelectorAll('th:not([scope])')) say('th without scope', cell);
  }
  for (const name of ['aria-describedby', 'aria-labelledby', 'aria-controls']) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (referred(element, name).some((target) => !target)) say(`${name} leads nowhere`, element);
    }
  }
  for (const label of document.querySelectorAll('label[for]')) {
    if (!document.getElementById(label.htmlFor)) say('a label for nothing', label);
  }
  const ids = new Set();
  for (const element of document.querySelectorAll('[id]')) {
    if (ids.has(element.id)) say('the id occurs twice', element);
    ids.add(element.id);
  }
  return found;
}"""

_CONTRAST = """() => {
  const found = new Set();
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const kept = (make) => {
    const made = new Map();
    return (key) => {
      if (!made.has(key)) made.set(key, make(key));
      return made.get(key);
    };
  };
  const parse = kept((color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return { red, green, blue, alpha: alpha / 255 };
  });
  const over = (top, below) => Object.fromEntries(['red', 'green', 'blue'].map(
    (part) => [part, top[part] * top.alpha + below[part] * (1 - top.alpha)]));
  const light = (color) => {
    const [red, green, blue] = [color.red, color.green, color.blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = kept((element) => {
    if (!element) return { red: 255, green: 255, blue: 255 };
    const color = parse(getComputedStyle(element).backgroundColor);
    if (color.alpha === 1) return color;
    const below = ground(element.parentElement);
    return color.alpha ? over(color, below) : below;
  });
  const opacity = kept((element) => element
    ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1);
  const judge = (element, style, text) => {
    const below = ground(element);
    const ink = parse(style.color);
    const color = { ...ink, alpha: ink.alpha * opacity(element) };
    const [low, high] = [light(over(color, below)), light(below)].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (isLarge ? 3 : 4.5)) {
      found.add(`contrast ${ratio.toFixed(2)} of “${text.slice(0, 40)}” (${style.color})`);
    }
  };
  const exempt = 'script,noscript,:disabled,[aria-disabled=true],[aria-hidden=true]';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest(exempt)) continue;
    judge(element, getComputedStyle(element), text);
  }
  for (const field of document.querySelectorAll('input[placeholder]')) {
    judge(field, getComputedStyle(field, '::placeholder'), field.placeholder);
  }
  return [...found];
}"""

_WITHOUT_FOCUS = """() => {
  const found = [];
  const selector = 'a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex="0"]';
  for (const element of document.querySelectorAll(selector)) {
    if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) continue;
    element.focus();
    if (document.activeElement !== element) continue;
    const style = getComputedStyle(element);
    const isThick = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    if (isThick || style.outlineStyle === 'auto') continue;
    found.push('no visible focus: ' + element.outerHTML.slice(0, 160));
  }
  return found;
}"""

_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const isContained = (element) => {
    for (let e = element; e && e !== document.body; e = e.parentElement) {
      const style = getComputedStyle(e);
      const scrolls = e !== element && style.overflowX !== 'visible';
      if (scrolls || style.position === 'fixed') return true;
    }
    return false;
  };
  return [...document.querySelectorAll('main *, .bar *')]
    .filter((e) => e.getBoundingClientRect().right > width + 1 && !isContained(e))
    .slice(0, 5)
    .map((element) => `wider than ${width} px: ` + element.outerHTML.slice(0, 160));
}"""


_CUT_WITHOUT_CUE = """() => {
  const found = [];
  for (const element of document.querySelectorAll('main *')) {
    if (element.scrollWidth <= element.clientWidth + 1 || !element.clientWidth) continue;
    const style = getComputedStyle(element);
    if (!['auto', 'scroll'].includes(style.overflowX) || element.matches('pre,textarea')) continue;
    const hasTable = element.matches('table') || element.querySelector(':scope > table');
    if (hasTable && !style.backgroundImage.includes('gradient')) {
      found.push('cut without a cue: ' + element.outerHTML.slice(0, 160));
    }
  }
  for (const pill of document.querySelectorAll('main td .pill')) {
    const cell = pill.closest('td');
    if (!pill.checkVisibility() || getComputedStyle(cell).overflowX !== 'hidden') continue;
    if (pill.getBoundingClientRect().right > cell.getBoundingClientRect().right + 1) {
      found.push('a status is cut: ' + pill.outerHTML.slice(0, 160));
    }
  }
  return found;
}"""


_BY_A_PIXEL = """() => {
  const found = [];
  for (const element of document.querySelectorAll('main *')) {
    const more = element.scrollHeight - element.clientHeight;
    if (!element.clientHeight || more < 1 || more > 2 || element.matches('textarea')) continue;
    if (['auto', 'scroll'].includes(getComputedStyle(element).overflowY)) {
      found.push('scrolls by a pixel: ' + element.outerHTML.slice(0, 160));
    }
  }
  return found;
}"""


_LETTER_BY_LETTER = """() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const element = text.parentElement;
    if (!/\\S{5}/.test(text.data) || !element.matches('main *, .bar *, .rail *')) continue;
    if (!element.checkVisibility() || element.closest('pre, select, .visually-hidden')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const narrow = 2.2 * parseFloat(getComputedStyle(element).fontSize);
    if (range.getClientRects().length > 1 && range.getBoundingClientRect().width < narrow) {
      found.push('narrower than four characters: ' + element.outerHTML.slice(0, 160));
    }
  }
  return found;
}"""


def audit(page: Page, judge: Callable[[Page], list[str]] = lambda _page: []) -> list[str]:
    """Return what is wrong with names, headings, labels, tables, ids and contrast, also in dark.

    `judge` looks at the page in both schemes too.
    """
    page.wait_for_load_state()
    found: list[str] = page.evaluate(_AUDIT)
    for scheme in ("dark", "light"):
        # Without motion, or colours would be judged on their way from one scheme to the other.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += page.evaluate(_CONTRAST)
        found += [f"{each} ({scheme})" for each in judge(page)]
    return list(dict.fromkeys(found))


def controls_without_visible_focus(page: Page) -> list[str]:
    """Return the controls on which a keyboard user would not see where they are."""
    # After a key the browser shows the focus of whatever gets it.
    page.keyboard.press("Tab")
    found: list[str] = page.evaluate(_WITHOUT_FOCUS)
    return found


def wider_than_the_window(page: Page) -> list[str]:
    """Return what makes a page scroll sideways."""
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found


def cut_without_a_cue(page: Page) -> list[str]:
    """Return the tables that go on at the side though nothing shows it."""
    found: list[str] = page.evaluate(_CUT_WITHOUT_CUE)
    return found


def scrolled_by_a_pixel(page: Page) -> list[str]:
    """Return what shows a scrollbar for nothing."""
    found: list[str] = page.evaluate(_BY_A_PIXEL)
    return found


def broken_letter_by_letter(page: Page) -> list[str]:
    """Return the words that stand in a column of less than about four characters."""
    found: list[str] = page.evaluate(_LETTER_BY_LETTER)
    return found
