"""What a user sees who gives a wrong file: the reason beside its box, and nothing half-made.

The rules themselves are tested where they live, and as forms in tests/unit/web; here they arrive on
the page.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ionport.documents.samples import read_sample
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import Mouse, Screen
from tests.support.whole import INVOICE, Site, site_on

FORM = "/settings/export/new/infor-idm-bod"
IDM = own_template(MappingKind.IDM)[1].decode()
BOD = own_template(MappingKind.BOD)[1].decode()
TEMPLATE = "Template of ionport for the document type"
UNPROCESSABLE = 422


@dataclass(slots=True)
class Bench:
    """A window of the administrator, and a good credential to spoil."""

    site: Site
    screen: Screen
    credential: dict[str, str]
    folder: Path
    hand: Mouse = field(default_factory=Mouse)

    @property
    def page(self) -> Page:
        return self.screen.page

    def file(self, name: str, content: bytes | str | dict[str, str]) -> Path:
        if isinstance(content, dict):
            content = json.dumps(content)
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def fill_form(
        self, credential: Path, *, idm: Path | None = None, bod: Path | None = None
    ) -> None:
        """Fill the form of a new configuration; a mapping that is not given is our template."""
        self.screen.open(FORM)
        self.page.locator("#title").fill("Invoices to Infor")
        self.hand.give_file(self.page.locator("#connection_file"), credential)
        for kind, file in (("idm", idm), ("bod", bod)):
            if file is None:
                self.page.locator(f"#{kind}_mapping").select_option(label=TEMPLATE)
            else:
                self.page.locator(f"#{kind}_mapping_file").set_input_files(file)

    def save(self) -> None:
        self.page.get_by_role("button", name="Save", exact=True).click()

    def error_beside(self, field_id: str) -> str:
        """What stands under a field, and is read out with it."""
        row = self.page.locator(f".form-row:has(#{field_id})")
        error = row.locator(".form-error")
        expect(error).to_be_visible()
        described = row.locator(f"#{field_id}").get_attribute("aria-describedby") or ""
        assert error.get_attribute("id") in described.split()
        return error.inner_text()

    def failed_stage(self) -> str:
        """The stage that a proof ended with: its title, cause and remedy."""
        expect(self.page.locator("#proof").get_by_role("status")).to_have_text(
            re.compile("Refused|Unproved")
        )
        return self.page.locator("#proof .stage-failed").inner_text()

    def connections(self) -> int:
        self.screen.open("/settings/connections")
        return self.page.locator("tbody tr").count()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("application"), "") as site:
        yield site


@pytest.fixture(scope="module")
def credential(site: Site) -> dict[str, str]:
    content: dict[str, str] = json.loads(site.credentials())
    return content


@pytest.fixture
def bench(site: Site, kept_screen: OpenScreen, credential: dict[str, str], tmp_path: Path) -> Bench:
    screen = kept_screen(site.application.settings.origin, cookies=cookies_of(site))
    return Bench(site, screen, dict(credential), tmp_path)


Spoil = Callable[[dict[str, str]], "bytes | str | dict[str, str]"]


def _with(**changes: str) -> Spoil:
    return lambda file: {**file, **changes}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(lambda _f: "not json", "JSON", id="not-json"),
        pytest.param(_with(ot="@evil.test/x"), "ot", id="other-host"),
    ],
)
def test_a_wrong_credential_is_named_beside_its_box(bench: Bench, spoil: Spoil, told: str) -> None:
    before = bench.connections()
    bench.screen.expect_status(UNPROCESSABLE)
    bench.fill_form(bench.file("DocBits_TST.ionapi", spoil(bench.credential)))
    bench.save()
    error = bench.error_beside("connection_file")
    assert told in error
    assert bench.credential["cs"] not in bench.page.content()
    expect(bench.page.locator("#connection_file")).to_be_focused()
    expect(bench.page.locator("#title")).to_have_value("Invoices to Infor")
    expect(bench.page.locator("#idm_mapping option:checked")).to_have_text(TEMPLATE)
    # The error is about the file that was sent, not about another one.
    right = bench.file("DocBits_TST.ionapi", bench.credential)
    bench.hand.give_file(bench.page.locator("#connection_file"), right)
    expect(bench.page.locator(".form-error")).to_have_count(0)
    expect(bench.page.locator("#connection_file")).not_to_have_attribute("aria-invalid", "true")
    assert bench.connections() == before


def test_a_byte_order_mark_does_no_harm(bench: Bench) -> None:
    content = b"\xef\xbb\xbf" + json.dumps(bench.credential).encode()
    bench.fill_form(bench.file("DocBits_TST.ionapi", content))
    bench.save()
    expect(bench.page.locator("#proof").get_by_role("status")).to_have_text("Passed")


def _closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def test_a_credential_that_does_not_work_is_told_by_its_proof(bench: Bench) -> None:
    dead = {**bench.credential, "iu": f"http://127.0.0.1:{_closed_port()}"}
    bench.fill_form(bench.file("DocBits_TST.ionapi", dead))
    bench.save()
    assert "127.0.0.1" in bench.failed_stage()
    assert bench.page.locator("#proof .remedy").count() == 1


def test_a_wrong_mapping_file_is_named_beside_its_box(bench: Bench) -> None:
    before = bench.connections()
    bench.screen.expect_status(UNPROCESSABLE)
    credential = bench.file("DocBits_TST.ionapi", {**bench.credential, "cn": "Other_TST"})
    bench.fill_form(credential, idm=bench.file("mapping.properties", b"\x89PNG\r\n"))
    bench.save()
    assert "picture" in bench.error_beside("idm_mapping_file")
    assert bench.connections() == before, "the good credential of a refused form was kept"


def _saved(bench: Bench, **files: Path) -> None:
    bench.fill_form(bench.file("DocBits_TST.ionapi", bench.credential), **files)
    bench.save()
    expect(bench.page.get_by_role("heading", level=1)).to_contain_text("Invoices to Infor")


def _activate(bench: Bench) -> None:
    for role in ("link", "button"):
        bench.page.get_by_role(role, name="Activate", exact=True).click()  # type: ignore[arg-type]


def test_an_unknown_key_is_told_with_its_line(bench: Bench) -> None:
    _saved(bench, idm=bench.file("unknown.properties", IDM + "\nIDM_Colour=blue\n"))
    finding = bench.page.locator(".findings li", has_text="IDM_Colour")
    expect(finding).to_contain_text(re.compile(r"Line \d+"))


def test_a_placeholder_blocks_activation_with_the_way_out(bench: Bench) -> None:
    text = re.sub(r"(?m)^SFV_LogicalID=.*$", "SFV_LogicalID=lid://", BOD)
    _saved(bench, bod=bench.file("placeholder.properties", text))
    expect(bench.page.locator(".findings li", has_text="SFV_LogicalID")).to_have_count(1)
    bench.page.get_by_role("link", name="Activate", exact=True).click()
    expect(bench.page.locator(".note-danger")).to_contain_text(
        "logical id is still the placeholder"
    )
    expect(bench.page.get_by_role("button", name="Activate", exact=True)).to_have_count(0)
    bench.page.get_by_role("link", name="Mend it on the page of the configuration").click()
    expect(bench.page.locator(".findings li", has_text="SFV_LogicalID")).to_have_count(1)


def test_a_mapping_without_correlation_id_needs_the_users_consent(bench: Bench) -> None:
    lines = [line for line in IDM.splitlines() if "correlation" not in line.lower()]
    path = bench.file("no-correlation.properties", "\n".join(lines))
    _saved(bench, idm=path)
    bench.page.get_by_role("link", name="Activate", exact=True).click()
    bench.page.get_by_role("link", name="Mend it on the page of the configuration").click()
    bench.page.get_by_role("link", name="Edit", exact=True).click()
    bench.page.get_by_text("Advanced Settings").click()
    bench.page.get_by_role("switch", name="Accept that a document may arrive twice").click()
    bench.save()
    _activate(bench)
    expect(bench.page.get_by_text(re.compile(r"Invoices to Infor .*is active\."))).to_be_visible()


def test_more_files_than_one_request_may_have_are_sent_in_batches(bench: Bench) -> None:
    bench.screen.open("/documents/upload")
    paths = [bench.file(f"{number:02}.xml", b"<a/>") for number in range(51)]
    bench.page.locator("#files").set_input_files(paths)
    bench.page.get_by_role("button", name="Upload", exact=True).click()
    rows = bench.page.get_by_role("region", name="Results").locator("[data-outcome]")
    expect(rows).to_have_count(51)
    expect(bench.page.get_by_role("status").filter(has_text="51 / 51")).to_be_visible()
    assert "50.xml" in rows.last.inner_text()
    expect(bench.page.get_by_text("51 refused")).to_be_visible()


def test_every_bad_invoice_is_refused_with_its_reason_and_the_good_one_is_taken(
    bench: Bench,
) -> None:
    good = read_sample(INVOICE)
    doctype = good.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e "x">]>', 1)
    files = {
        "good.xml": (good, "Validated"),
        "again.xml": (good, "Here already"),
        "doctype.xml": (doctype, "DOCTYPE"),
        "order.xml": (b"<Order xmlns='urn:x'><ID>1</ID></Order>", "an order"),
        "truncated.xml": (good[: len(good) // 2], "line"),
        "empty.xml": (b"", "empty"),
        "picture.xml": (b"\x89PNG\r\n\x1a\n" + bytes(64), "Refused"),
        "deep.xml": (b"<a>" * 5_000 + b"</a>" * 5_000, "Refused"),
    }
    bench.screen.open("/documents/upload")
    paths = [bench.file(name, content) for name, (content, _told) in files.items()]
    bench.page.locator("#files").set_input_files(paths)
    bench.page.get_by_role("button", name="Upload", exact=True).click()
    rows = bench.page.get_by_role("region", name="Results").locator("[data-outcome]")
    expect(rows).to_have_count(len(files))
    for name, (_content, told) in files.items():
        text = rows.filter(has=bench.page.get_by_title(name, exact=True)).inner_text()
        assert told in text, name
    bench.screen.open("/documents")
    expect(bench.page.locator("tbody tr")).to_have_count(1)
