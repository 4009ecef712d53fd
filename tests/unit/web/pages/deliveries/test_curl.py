"""A call on a delivery's page as a command for curl: what runs, and what says that it cannot."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess

import pytest

from ionport.exports.model import DeliveryStatus
from tests.support.infor_side import InforSide
from tests.unit.web.pages.deliveries.test_deliveries import Site, infor, site, url
from tests.unit.web.pages.deliveries.test_deliveries import credentials as credentials

__all__ = ["infor", "site"]


def commands(site: Site) -> list[str]:
    """Return the commands on the page of a delivery that has arrived."""
    delivery = site.export()
    assert site.run(delivery) is DeliveryStatus.DELIVERED
    page = html.unescape(site.browser.get(url(delivery)).text)
    return re.findall(r"<code>((?:#[^\n]*\n)?curl -X .*?)</code>", page, re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="NO CURL: no copied call was sent")
def test_a_copied_call_is_answered_as_the_deliverys_own(site: Site, infor: InforSide) -> None:
    (search,) = {each for each in commands(site) if "-X GET" in each}
    token = infor.log_in(site.credentials)
    done = subprocess.run(
        ["bash", "-c", f"{search} --silent --show-error --write-out ' %{{http_code}}'"],
        env={**os.environ, "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    answer, _, status = done.stdout.rpartition(" ")
    assert status == "200", done.stdout + done.stderr
    assert "471102" in answer, "what the delivery has created is found now"


def test_a_copied_call_says_that_its_body_is_not_the_whole_one(site: Site) -> None:
    found = commands(site)
    (created,) = (each for each in found if re.search(r"POST \S+/IDM/api/items\b", each))
    first, _, command = created.partition("\n")
    assert re.fullmatch(
        r"# The body was cut or redacted for the ledger: \d{4,} bytes were sent\.", first
    )
    assert command.startswith("curl -X POST")
    whole = [each for each in found if "--data-binary" not in each]
    assert whole
    assert all(each.startswith("curl") for each in whole)
