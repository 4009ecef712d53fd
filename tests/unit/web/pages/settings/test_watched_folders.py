"""Watched folders are added below the operator's root, tested, and shown with their log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ionport.documents.intake.sources.model import LogEntry, Result
from ionport.documents.intake.sources.repository import SourceRepository
from ionport.identity.model import Organization
from ionport.identity.repository import OrganizationRepository
from ionport.store import OrganizationScope, SystemScope
from tests.support.sftp import sftp_server
from tests.support.web import Browser
from tests.support.whole import Site

_LIST = "/settings/watched-folders"
_NEW = f"{_LIST}/new"
_SFTP = f"{_LIST}/new-sftp"


@pytest.fixture
def root(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root that the operator has set."""
    folder = tmp_path / "intake"
    (folder / "scans").mkdir(parents=True)
    side = site.application.documents
    assert side is not None
    monkeypatch.setattr(side.sources, "_root", folder)
    return folder


def _added(browser: Browser, folder: Path) -> str:
    page = browser.send(_NEW, {"name": "Scans", "folder": str(folder / "scans")})
    assert page.status_code == 200, page.text
    return page.url.path


def test_without_a_root_folders_are_added_by_command_only(site: Site, tmp_path: Path) -> None:
    assert "ionport intake add-folder" in site.browser.text(_LIST)
    token = site.browser.hidden("/account")
    values = {**token, "name": "Scans", "folder": str(tmp_path)}
    assert site.browser.http.post(_NEW, data=values).status_code == 403


def test_a_folder_is_added_tested_and_removed(site: Site, root: Path) -> None:
    page = _added(site.browser, root)
    assert "No file has come yet" in site.browser.text(page)
    tested = site.browser.send(f"{page}/test", form_at=page)
    assert tested.text.count("stage-passed") == 3
    (root / "scans" / "archive").rmdir()
    (root / "scans" / "archive").write_text("no folder")
    assert "stage-failed" in site.browser.send(f"{page}/test", form_at=page).text
    assert "stay there and become no documents" in site.browser.text(f"{page}/remove")
    assert "is watched no longer" in site.browser.send(f"{page}/remove").text
    assert site.browser.get(page).status_code == 404


def test_a_folder_outside_the_root_is_refused_beside_its_field(
    site: Site, root: Path, tmp_path: Path
) -> None:
    (root / "out").symlink_to(tmp_path)
    outside = [root, tmp_path, root / ".." / "data", root / "out" / "data", "scans", ""]
    for folder in outside:
        page = site.browser.send(_NEW, {"name": "x", "folder": str(folder)})
        assert page.status_code == 422, folder
        assert 'id="folder-error"' in page.text
    inside = {"name": "x", "folder": str(root / "scans"), "archive": str(tmp_path / "a")}
    assert 'id="archive-error"' in site.browser.send(_NEW, inside).text
    named = site.browser.send(_NEW, {**inside, "archive": "", "name": ""})
    assert 'id="name-error"' in named.text


def test_a_further_organization_has_its_own_folder_and_moves_none_of_the_first_ones(
    site: Site, root: Path
) -> None:
    page = _added(site.browser, root)
    with site.application.database.write() as work:
        OrganizationRepository(work.connection).add(
            SystemScope("test"), Organization("org_x", "x", None), site.application.clock.now()
        )
    fields = {"name": "More", "folder": str(root / "more")}
    assert site.browser.send(_NEW, fields).status_code == 200
    assert site.browser.send(f"{page}/test", form_at=page).text.count("stage-passed") == 3
    (root / "link").symlink_to(root / "org_x")
    for folder in ("org_x", "org_x/scans", "ORG_X/scans", "link/scans"):
        refused = site.browser.send(_NEW, {"name": "Theirs", "folder": str(root / folder)})
        assert refused.status_code == 422, folder
    with site.application.database.read() as work:
        sources = site.application.documents.sources
        theirs = sources.root_of(work.within(OrganizationScope("org_x")))
    assert theirs.path == root / "org_x"
    assert (theirs.holds(str(root / "org_x" / "in")), theirs.holds(str(root / "scans"))) == (
        True,
        False,
    )


def test_the_log_tells_what_became_of_files_and_the_problem_is_shown(
    site: Site, root: Path
) -> None:
    page = _added(site.browser, root)
    source_id, now = page.rpartition("/")[2], site.application.clock.now()
    with site.application.database.write() as work:
        repository = SourceRepository(work.connection)
        entry = LogEntry("log_1", source_id, now, "a.txt", Result.REFUSED, "This is no invoice.")
        repository.add_log(site.organization, entry)
        repository.set_problem(site.organization, source_id, "The folder is away.")
    assert re.search(r"a\.txt.*Refused.*This is no invoice\.", site.browser.text(page))
    assert "The folder is away." in site.browser.text(_LIST)


def test_a_member_reads_the_log_and_changes_nothing(site: Site, root: Path) -> None:
    page = _added(site.browser, root)
    site.add_user("dora")
    site.sign_in_as("dora")
    assert site.browser.get(page).status_code == 200
    token = site.browser.hidden("/account")
    for path in (_NEW, f"{page}/test", f"{page}/remove"):
        assert site.browser.http.post(path, data=token).status_code == 403, path


def test_an_sftp_server_is_added_tested_and_shows_no_secret(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "server"
    (root / "in").mkdir(parents=True)
    with sftp_server(root) as server:
        values = {
            "name": "Server",
            "host": "127.0.0.1",
            "port": str(server.port),
            "username": "scans",
            "host_key": server.host_key,
            "folder": "/in",
            "password": "correct horse",
        }
        page = site.browser.send(_SFTP, values)
        assert "Test it now" in page.text
        assert f"sftp://scans@127.0.0.1:{server.port}/in" in page.text
        tested = site.browser.send(f"{page.url.path}/test", form_at=page.url.path)
        assert tested.text.count("stage-passed") == 4
        assert "correct horse" not in page.text + tested.text
        again = site.browser.send(_SFTP, {**values, "folder": "in", "password": "x", "name": "y"})
    assert again.status_code == 422
    assert 'id="folder-error"' in again.text
    assert 'value="x"' not in again.text


def test_what_is_wrong_with_an_sftp_server_is_told_beside_its_field(site: Site) -> None:
    values = {"name": "x", "host": "10.0.0.1", "port": "0", "host_key": "none", "folder": "/in"}
    page = site.browser.send(_SFTP, values)
    assert page.status_code == 422
    for name in ("host", "port", "username", "host_key", "password"):
        assert f'id="{name}-error"' in page.text, name
    site.add_user("dora")
    site.sign_in_as("dora")
    token = site.browser.hidden("/account")
    assert site.browser.http.post(_SFTP, data={**token, **values}).status_code == 403
