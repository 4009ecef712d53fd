"""The manual's walk in a real browser: by mouse, by keyboard, and without JavaScript.

With IONPORT_PICTURES naming a folder, the walk by mouse leaves the README's pictures there.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Locator

from ionport.documents.samples import read_sample
from tests.browser.conftest import OpenScreen
from tests.browser.screen import LAPTOP, Hand, Keyboard, Mouse
from tests.browser.sides import both_sides
from tests.browser.walk import Walk, keys_of

_MAX_PICTURE = 250_000
_SAMPLE = "demo-invoice-ubl.xml"


def _no_picture(_end: Locator, _name: str) -> None:
    pass


def _save_picture(end: Locator, name: str) -> None:
    folder = Path(os.environ["IONPORT_PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    page = end.page
    page.mouse.move(0, 0)
    bottom: float = end.evaluate("end => end.getBoundingClientRect().bottom")
    page.set_viewport_size({**LAPTOP, "height": min(LAPTOP["height"], int(bottom) + 24)})
    page.screenshot(path=path, animations="disabled")
    page.set_viewport_size(LAPTOP)
    assert path.stat().st_size < _MAX_PICTURE


def _walk(
    new_screen: OpenScreen, folder: Path, hand: Hand, *, script: bool, pictures: bool
) -> None:
    invoice = folder / _SAMPLE
    invoice.write_bytes(read_sample(_SAMPLE))
    with both_sides(folder) as (infor, documents):
        screen = new_screen(infor.url, script=script)
        walk = Walk(
            screen, hand, infor, documents, folder, _save_picture if pictures else _no_picture
        )
        walk.set_up(infor)
        walk.add_app()
        credentials = walk.download_credentials()
        assert keys_of(credentials) == "ti,cn,dt,ci,cs,iu,pu,oa,ot,or,ev,v,saak,sask"
        walk.set_up(documents)
        walk.configure_export(credentials)
        walk.watch_the_proof()
        walk.activate()
        walk.upload_invoice(invoice)
        references = walk.see_the_ledger()
        walk.see_the_inspector(references, invoice)


def test_the_walk_by_mouse(new_screen: OpenScreen, tmp_path: Path) -> None:
    pictures = bool(os.environ.get("IONPORT_PICTURES"))
    _walk(new_screen, tmp_path, Mouse(), script=True, pictures=pictures)


def test_the_walk_by_keyboard_alone(new_screen: OpenScreen, tmp_path: Path) -> None:
    _walk(new_screen, tmp_path, Keyboard(), script=True, pictures=False)


def test_the_walk_without_javascript(new_screen: OpenScreen, tmp_path: Path) -> None:
    _walk(new_screen, tmp_path, Mouse(), script=False, pictures=False)
