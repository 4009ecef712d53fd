"""The manual's walk, station by station, by whichever hand.

Source: docs/reference/credentials.md#where-and-who,
docs/reference/document-system.md#export-settings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from ionport.core.secrets import DOTS
from ionport.core.unpacking.pdf import attachments
from tests.browser.screen import Hand, Screen
from tests.browser.sides import Side

PASSWORD = "correct horse battery"
APP = "DocBits_TST"
TITLE = "Invoices to Infor M3"
TEMPLATE = "Template of ionport for the document type"
STAGES = ("file", "network", "token", "refresh", "idm", "ion", "m3", "ln")

# Saves the window, from its top to the end of the element, under a name.
Picture = Callable[[Locator, str], None]


@dataclass(slots=True)
class Walk:
    """One user with one window on both sides."""

    screen: Screen
    hand: Hand
    infor: Side
    documents: Side
    folder: Path
    picture: Picture

    @property
    def page(self) -> Page:
        return self.screen.page

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def box(self, name: str) -> Locator:
        return self.page.get_by_role("textbox", name=name, exact=True)

    def heading(self, name: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()

    def set_up(self, side: Side) -> None:
        """Follow the link that the server printed and become its first administrator."""
        self.screen.allow_server(side.url)
        self.page.goto(side.set_up_link)
        self.hand.write(self.box("Username"), "ada")
        self.hand.write(self.box("Full name"), "Ada Example")
        self.hand.write(self.box("E-mail address"), "ada@example.com")
        self.hand.write(self.box("Password"), PASSWORD)
        self.hand.write(self.box("Password again"), PASSWORD)
        self.hand.press(self.button("Make the account"))
        expect(self.link("Account")).to_be_visible()

    def add_app(self) -> None:
        """ION API → Authorized Apps → + Add, refresh tokens on, Save."""
        self.page.goto(self.infor.url)
        self.hand.press(self.link("ION API").first)
        self.heading("Authorized Apps")
        self.hand.press(self.link("Add"))
        self.fill_app()

    def fill_app(self, *, by_preset: bool = False) -> None:
        """Fill and save the form that adds an app, which a preset may have filled in."""
        self.heading("Add an authorized app")
        self.hand.write(self.box("Name"), APP)
        expect(self.page.get_by_role("combobox", name="Type", exact=True)).to_have_value(
            "Backend Service"
        )
        switch = self.page.get_by_role("switch", name="Issue Refresh Tokens")
        if not by_preset:
            self.hand.write(self.box("Description"), "Delivers invoices to IDM and ION")
            expect(switch).not_to_be_checked()
            self.hand.toggle(switch)
        expect(switch).to_be_checked()
        self.hand.press(self.button("Save"))
        self.heading(re.compile(APP))
        client = self.page.get_by_role("region", name="Client", exact=True)
        expect(client.locator("code").first).to_have_text(re.compile(r"IONPORT_TST~[\w-]{43}"))
        expect(client).to_contain_text(DOTS)

    def download_credentials(self) -> Path:
        """Download Credentials with a service account for a user that is searched for."""
        self.hand.press(self.link("Download Credentials").first)
        switch = self.page.get_by_role("switch", name="Create Service Account")
        if not switch.is_checked():
            self.hand.toggle(switch)
        box = self.page.get_by_role("searchbox", name="User Name")
        user = self.page.get_by_role("radio", name=re.compile("Ada Example"))
        if self.screen.script:
            # What was found for a part of the text, typed slowly, is replaced: wait for the last.
            with self.page.expect_response(re.compile("user_search=ada(&|$)")):
                self.hand.write(box, "ada")
            expect(self.page.locator(".htmx-request")).to_have_count(0)
        else:
            self.hand.write(box, "ada")
            self.hand.press(self.button("Search User"))
        user.wait_for()
        self.hand.pick(user)
        self.hand.write(self.box("Your password"), PASSWORD)
        with self.page.expect_download() as started:
            self.hand.press(self.button("Download"))
        download = started.value
        assert download.suggested_filename == f"{APP}.ionapi"
        path = self.folder / download.suggested_filename
        download.save_as(path)
        self.hand.press(self.link(APP))
        accounts = self.page.get_by_role("table", name="Service accounts")
        expect(accounts).to_contain_text("never used")
        self.picture(accounts, "authorized-app")
        return path

    def configure_export(self, credentials: Path) -> None:
        """Settings → Document Processing → Export → + New → Infor IDM + ION BOD → Save."""
        self.page.goto(self.documents.url)
        self.hand.press(self.link("Settings").first)
        self.hand.press(self.page.get_by_role("link", name=re.compile("^Export(?! errors)")))
        self.heading("Export")
        self.hand.press(self.link("New"))
        self.hand.press(self.page.get_by_role("link", name=re.compile("^Infor IDM \\+ ION BOD")))
        self.heading("Infor IDM + ION BOD")
        self.hand.write(self.box("Title"), TITLE)
        box = self.page.locator("#connection_file")
        self.hand.give_file(box, credentials)
        assert box.evaluate("input => input.files[0].name") == credentials.name
        self.hand.choose(
            self.page.get_by_role("combobox", name="or an existing IDM Mapping File"), TEMPLATE
        )
        self.hand.choose(
            self.page.get_by_role("combobox", name="or an existing BOD Mapping File"), TEMPLATE
        )
        self.hand.write(self.box("Logical ID"), "lid://infor.ims.docbits")
        self.hand.write(self.box("Accounting Entity"), "001_100")
        # Infor keeps still, so that the page must show the proof while it is under way.
        with self.infor.halted():
            self.hand.press(self.button("Save"))
            self.heading(re.compile(TITLE))
            expect(self.page.locator("#proof .stage").nth(1)).to_have_class(_passed())
            expect(self.page.locator("#proof .stage-running")).to_have_count(1)
            expect(self._proof()).to_have_text("Proving")
            self._mark_the_page()

    def watch_the_proof(self) -> None:
        """Every stage turns green in its turn, and nobody reloads the page."""
        stages = self.page.locator("#proof .stage")
        expect(stages).to_have_count(len(STAGES))
        for number in range(len(STAGES)):
            expect(stages.nth(number)).to_have_class(_passed())
        expect(self._proof()).to_have_text("Passed")
        self._see_the_mark()

    def activate(self) -> None:
        """Read in the dialog what leaves from then on, and activate."""
        self.hand.press(self.link("Activate"))
        expect(self.page.get_by_text("No document waits for export.")).to_be_visible()
        self.hand.press(self.button("Activate"))
        expect(self.page.get_by_text(f"{TITLE} is active.")).to_be_visible()
        self.picture(self.page.locator("main .columns").first, "proof")

    def upload_invoice(self, invoice: Path) -> None:
        """Documents → Upload → the document's page, where it becomes Exported by itself."""
        self.hand.press(self.link("Documents").first)
        self.hand.press(self.link("Upload").first)
        self.hand.give_file(self.page.locator("#files"), invoice)
        # Infor keeps still, so that the page must show the export while it is under way.
        with self.infor.halted():
            self.hand.press(self.button("Upload"))
            self.hand.press(self.link("Open the document"))
            self.heading(re.compile("^Invoice "))
            expect(self._document_status()).to_have_text("Exporting")
            self._mark_the_page()
        expect(self._document_status()).to_have_text("Exported")
        self._see_the_mark()
        self.picture(self.page.locator("main"), "delivery")

    def see_the_ledger(self) -> dict[str, str]:
        """The delivery's own page: steps, attempts, and what Infor calls the document."""
        self.hand.press(self.link(TITLE))
        steps = self.page.get_by_role("region", name="Steps").locator("li.stage")
        expect(steps).to_have_count(4)
        for number in range(4):
            expect(steps.nth(number)).to_have_class(re.compile("stage-done"))
        attempt = steps.nth(2).locator("summary").first
        self.hand.press(attempt)
        expect(steps.nth(2).locator(".attempt-body")).to_contain_text("/IDM/api/items")
        references = self.page.get_by_role("region", name="References", exact=True)
        names = references.locator("dt").all_inner_texts()
        return dict(zip(names, references.locator("dd code").all_inner_texts(), strict=False))

    def see_the_inspector(self, references: dict[str, str], invoice: Path) -> None:
        """The Infor side's own view: the item with the very file in its PDF, and the BOD."""
        self.page.goto(self.infor.url)
        self.hand.press(self.link("Inspector").first)
        self.picture(self.page.locator("main .pager"), "inspector")
        self.hand.press(self.link("IDM items"))
        self.hand.press(self.link(references["IDM PID"]))
        attributes = self.page.get_by_role("table", name="Attributes")
        expect(attributes).to_contain_text(references["Correlation ID"])
        with self.page.expect_download() as started:
            self.hand.press(self.link("Download the file"))
        copy = self.folder / "from-idm.pdf"
        started.value.save_as(copy)
        inside = [one.content for one in attachments(copy.read_bytes())]
        assert invoice.read_bytes() in inside
        self.hand.press(self.link("Inspector").first)
        self.hand.press(self.link("ION messages"))
        self.hand.press(self.link(references["ION message ID"]))
        self.heading("Sync.CaptureDocument")
        bod = self.page.get_by_role("region", name="Business object document", exact=True)
        expect(bod.last).to_contain_text(references["Correlation ID"])
        expect(self.page.get_by_text("The message came once.")).to_be_visible()

    def _mark_the_page(self) -> None:
        self.page.evaluate("document.body.dataset.marked = ''")

    def _see_the_mark(self) -> None:
        """With JavaScript it is still the same page: only a part of it was renewed."""
        is_marked = self.page.evaluate("'marked' in document.body.dataset")
        assert is_marked == self.screen.script

    def _proof(self) -> Locator:
        return self.page.locator("#proof").get_by_role("status")

    def _document_status(self) -> Locator:
        return self.page.locator("#progress").get_by_role("status")


def _passed() -> re.Pattern[str]:
    return re.compile("stage-passed")


def keys_of(credentials: Path) -> str:
    """Return the keys of a downloaded file, in their order."""
    return ",".join(json.loads(credentials.read_bytes()))
