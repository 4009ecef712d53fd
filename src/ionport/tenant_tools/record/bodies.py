"""Replaces what must not be kept in bodies and queries; content that is no text is not kept."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from lxml import etree

from ionport.core import xml
from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.secrets import DOTS
from ionport.tenant_tools.record.replacing import Replacer

_MAX_DEPTH: Final = 100
# A pair of these keys is a field: the one has its name, the other its value.
_NAMES: Final = ("name", "Name", "fieldName", "key")
_VALUES: Final = frozenset({"value", "Value", "content", "values"})


class Bodies:
    """Replaces in whole bodies, queries and paths, by one replacer."""

    def __init__(self, replacer: Replacer) -> None:
        self._replacer = replacer

    def body(self, content: bytes, media_type: str) -> bytes | None:
        """Return a body for the cassette, or None when it is a file, whose content is not kept."""
        kind = media_type.partition(";")[0].strip().lower()
        head = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if not content:
            return b""
        if head in (b"{", b"[") or "json" in kind:
            return self._json(content)
        if head == b"<" and "html" not in kind:
            return self._xml(content)
        if "urlencoded" in kind:
            return self.query(content.decode("utf-8", "replace")).encode()
        if kind.startswith("text/plain"):
            return self._replacer.value("text", content.decode("utf-8", "replace")).encode()
        return None

    def query(self, query: str) -> str:
        """Return a query or a form with its values replaced where they have to be."""
        pairs = parse_qsl(query, keep_blank_values=True)
        changed = [(self._name(name), self._expression(name, value)) for name, value in pairs]
        return urlencode(changed, quote_via=quote)

    def path(self, path: str) -> str:
        """Return a path; only secrets and addresses of people are replaced in it."""
        parts = [unquote(part) for part in path.split("/")]
        return "/".join(
            quote(self._replacer.value("field_name", part), safe="{}.") for part in parts
        )

    def header(self, name: str, value: str) -> str:
        """Return the value of a header that is kept; dots when it is a secret."""
        return DOTS if self._replacer.is_secret(value) else self._replacer.addresses(value)

    def _expression(self, name: str, value: str) -> str:
        # A search of IDM names attributes and values at once: its quoted values are replaced.
        if '"' not in value:
            return self._replacer.value(name, value)
        if self._replacer.is_secret(value):
            return self._replacer.value("token", value)
        pieces = self._replacer.addresses(value).split('"')
        for number in range(1, len(pieces), 2):
            before = pieces[number - 1].rpartition("@")[2]
            pieces[number] = self._replacer.value(before.strip(" =<>!"), pieces[number])
        return '"'.join(pieces)

    def _json(self, content: bytes) -> bytes | None:
        try:
            data = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return None
        changed = self._changed("", data, 0)
        return json.dumps(changed, ensure_ascii=False).encode("utf-8", "replace")

    def _changed(self, name: str, data: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            return None
        if isinstance(data, dict):
            field = next((str(data[key]) for key in _NAMES if isinstance(data.get(key), str)), "")
            return {
                self._name(key): self._changed(
                    field if field and key in _VALUES else key, below, depth + 1
                )
                for key, below in data.items()
            }
        if isinstance(data, list):
            return [self._changed(name, below, depth + 1) for below in data]
        if isinstance(data, str):
            is_search = "query" in name.lower()
            return self._expression(name, data) if is_search else self._replacer.value(name, data)
        if isinstance(data, int | float) and not isinstance(data, bool):
            return self._replacer.number(name, data)
        return data

    def _name(self, key: str) -> str:
        """Return a name of the format; data in place of a name is replaced like a value."""
        return self._replacer.value("field_name", key)

    def _xml(self, content: bytes) -> bytes | None:
        try:
            root = xml.parse(content)
        except (InvalidInput, TooLarge):
            return None
        # Clients do not read comments and processing instructions.
        etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
        for element in root.iter("*"):
            if any(self._replacer.is_secret(str(each)) for each in (element.tag, *element.keys())):
                return None
            name = element.get("name") or _local(element.tag)
            above = element.getparent()
            if _local(element.tag) in _VALUES and above is not None:
                name = above.get("name") or name
            if element.text and element.text.strip():
                is_search = "query" in name.lower()
                change = self._expression if is_search else self._replacer.value
                element.text = change(name, element.text)
            if element.tail and element.tail.strip():
                element.tail = self._replacer.value("text", element.tail)
            for key, value in element.attrib.items():
                named = name if _local(key) in _VALUES else _local(key)
                element.set(key, self._replacer.value(named, str(value)))
        return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
