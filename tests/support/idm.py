"""What clients send to the sandbox's IDM, and what they read from its answers."""

from __future__ import annotations

import base64
from typing import Any

import httpx2

from tests.support.infor_side import new_item

# The namespace of IDM's XML.
DAF = "{http://infor.com/daf}"


def create(client: httpx2.Client, query: str = "", **parts: Any) -> dict[str, Any]:
    answer = client.post(f"/IDM/api/items{query}", json=new_item(**parts))
    assert answer.status_code == 200, answer.text
    item: dict[str, Any] = answer.json()["item"]
    return item


def change(client: httpx2.Client, pid: str, body: dict[str, Any], **flags: str) -> httpx2.Response:
    return client.put(
        f"/IDM/api/items/{pid}",
        json={"item": body},
        params={f"${name}": value for name, value in flags.items()},
    )


def changed(client: httpx2.Client, pid: str, body: dict[str, Any], **flags: str) -> dict[str, Any]:
    answer = change(client, pid, body, **flags)
    assert answer.status_code == 200, answer.text
    item: dict[str, Any] = answer.json()["item"]
    return item


def get(client: httpx2.Client, pid: str) -> dict[str, Any]:
    answer = client.get(f"/IDM/api/items/{pid}")
    assert answer.status_code == 200, answer.text
    item: dict[str, Any] = answer.json()["item"]
    return item


def values(item: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in item["attrs"]["attr"]}


def attrs(**named: str) -> dict[str, Any]:
    return {"attrs": {"attr": [{"name": n, "value": v} for n, v in named.items()]}}


def file(content: bytes, filename: str = "new.pdf", name: str = "") -> dict[str, Any]:
    encoded = base64.b64encode(content).decode()
    return {"resrs": {"res": [{"name": name, "filename": filename, "base64": encoded}]}}


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
