"""What a recording starts from: apps, a suite of the tenant's own, a control key; by pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from tools.recording.asks import FORM, ORIGIN, Ask, Client
from tools.recording.gateway import suite_file
from tools.recording.server import PASSWORD, TENANT, Answer, Asker, command

File = dict[str, str]
_PAGES: Final = f"/ion-api/{TENANT}"
_KEY: Final = re.compile(r"\bctl_[A-Za-z0-9_-]{43}\b")


def client(
    folder: Path, asker: Asker, browser: Asker, target: str, begin: Callable[[int], None]
) -> Client:
    """Make the apps, the suite and the key, and log in; `begin` begins a step of the draws."""
    begin(10)
    browser.send_form("/sign-in", {"username": "ada", "password": PASSWORD})
    begin(11)
    file = _backend_app(folder, "Backend_TST", ["--issue-refresh-tokens"], ["--user", "ada"])
    grant = ["--grant-type", "Client Credentials"]
    begin(12)
    other = _backend_app(folder, "Other_TST", grant, ["--no-service-account"])
    begin(13)
    web = _web_app(browser)
    begin(14)
    browser.send_form(f"{_PAGES}/available-apis/import", {"context": ""}, file=suite_file(target))
    begin(15)
    page = browser.send_form(f"{_PAGES}/control-keys", {"name": "recording"}).body.decode()
    key = _KEY.search(page)
    if key is None:
        raise SystemExit(f"the page shows no control key: {page}")
    login = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    app = {"client_id": file["ci"], "client_secret": file["cs"]}
    body = urlencode({**login, **app}).encode()
    begin(16)
    answer = asker.ask("POST", f"/{TENANT}/as/token.oauth2", FORM, body)
    return Client(file, other, web, json.loads(answer.body)["access_token"], key[0])


def _backend_app(folder: Path, name: str, options: Sequence[str], account: Sequence[str]) -> File:
    """Add an app that logs in itself; returns its `.ionapi`."""
    path = folder / f"{name}.ionapi"
    command(folder, "app", "create", name, *options)
    command(folder, "credentials", "download", name, *account, "--output", str(path))
    content: File = json.loads(path.read_bytes())
    return content


def _web_app(browser: Asker) -> File:
    """Add an app that people approve; returns its `.ionapi`."""
    fields = {
        "name": "Web_TST",
        "description": "For a recording",
        "type": "Web",
        "redirect_urls": "https://app.example.com/callback",
        "javascript_origins": ORIGIN,
        "access_token": "2",
        "access_token_unit": "hours",
        "issue_refresh_tokens": "on",
        "refresh_token": "0",
        "refresh_token_unit": "hours",
    }
    path = browser.send_form(f"{_PAGES}/authorized-apps/add", fields).header("location")
    answer = browser.send_form(f"{path.partition('?')[0]}/download", {"password": PASSWORD})
    content: File = json.loads(answer.body)
    return content


def remember(ask: Ask, answer: Answer, state: MutableMapping[str, str]) -> None:
    """Keep the ids that later requests name."""
    try:
        content = json.loads(answer.body) if answer.status in (200, 201, 202) else None
    except ValueError:
        return
    if not isinstance(content, dict):
        return
    if ask.route.endswith("POST /api/items"):
        state["pid"] = content["item"]["pid"]
    elif ask.route.startswith("control POST") and ask.route.endswith("/faults"):
        state["fault"] = content["id"]
    elif ask.route.endswith("GET /_control/{tenant}/calls") and content["calls"]:
        state["call"] = content["calls"][-1]["id"]
    elif "queryId" in content:
        state["query"] = content["queryId"]
    elif ask.case == "code" and "refresh_token" in content:
        state["refresh_token"] = content["refresh_token"]
        state["access_token"] = content["access_token"]
    elif ask.route.endswith("v2 APS450MI/AddHead"):
        for record in content["results"][0].get("records", ()):
            state.setdefault("inbn", record["INBN"])
