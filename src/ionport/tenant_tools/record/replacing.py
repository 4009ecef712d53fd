"""Replaces data of a tenant that must not be in a file: secrets, names, amounts, addresses.

Secrets become dots. A name or an amount becomes another one of the same form, and the same one
wherever it stands in the cassette. The key of these replacements is thrown away with the recorder:
nobody can compute what a replaced name was. Codes, numbers of things, dates and the format's own
words stay, because calls find answers by them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from ionport.core.secrets import DOTS
from ionport.ionapi import IonApiFile
from ionport.ionapi.transport.redaction import Redactor
from ionport.sandbox.control.recorder.redaction import CallRedactor
from ionport.sandbox.own.cassette import GATEWAY, TENANT

_SECRET_NAME: Final = re.compile(
    r"token|secret|passw|credential|assertion|apikey|api_key|authori[sz]ation|cookie|^(cs|saak|sask)$",
    re.IGNORECASE,
)
_PERSONAL_NAME: Final = re.compile(
    r"name[1-4]?$|address|street|city|town|phone|fax|mail|contact|person|iban|swift|\bbic\b|account"
    r"|owner|createdby|changedby|modifiedby|\buser|identity|description|remark|text|comment|note"
    # Fields of M3: names, addresses, telephones, references, texts.
    r"|^(..NM|..A[1-4]|ADR[1-4]|TOWN|PONO|PHNO|TFNO|PHN2|EMAL|EMAD|VRNO|BACN|BKAC|YREF|OREF|RESP"
    r"|TX15|TX30|TX40|TX60|ITDS|FUDS|USID|CHID)$",
    re.IGNORECASE,
)
# Names of the format that end like a person's.
_FORMAT_NAME: Final = re.compile(
    r"^(entity|attr|attribute|field|program|transaction|type|document|object|table|column"
    r"|schema|resource|file|property|server|host|bod|noun|verb)_?name$|^name$|contenttype|mimetype",
    re.IGNORECASE,
)
# They name a thing or a person; names of persons have several words.
_ANY_NAME: Final = re.compile(r"^(display_?)?name$", re.IGNORECASE)
# The placeholders of the tenant's addresses and id, with the characters that follow them.
_PLACEHOLDER: Final = re.compile(r"(\S*\{\{ionport-\w+\}\}\S*)")
_AMOUNT_NAME: Final = re.compile(
    r"amount|total|price|gross|\bnet|balance|\bcost|discount|^[A-Z0-9]{2}(AM|PR|QT)$", re.IGNORECASE
)
_DECIMAL: Final = re.compile(r"[-+]?\d{1,3}(?:[.,' ]?\d{3})*[.,]\d+")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b")
_WORDS: Final = re.compile(r"[^\W\d_]{2,}\W+[^\W\d_]{2,}")
_CAPITALISED: Final = re.compile(r"[^\W\d_a-z][a-zß-ÿ]{2,}")
_WORD: Final = re.compile(r"\w+")
_URL: Final = re.compile(r"https?://[^\s\"'<>/?#]+", re.IGNORECASE)
# Longer texts without a blank are content of files.
_MAX_WORD: Final = 300
_FILE: Final = "bm90IGtlcHQ="


class Replacer:
    """Makes the replacements of a recorder; one for each cassette.

    Args:
        also: further names of fields whose values are replaced.
        kept: names of fields whose values stay, unless they are secret.
    """

    def __init__(
        self, file: IonApiFile, *, also: Collection[str] = (), kept: Collection[str] = ()
    ) -> None:
        self._key = secrets.token_bytes(32)
        self._known = Redactor.for_file(file)
        values = [each.reveal() for each in file.secrets()]
        # Keys that Infor does not know may be anything.
        extra = [each for each in file.extra.values() if isinstance(each, str)]
        self._shapes = CallRedactor([*values, *extra])
        self._hosts = [urlsplit(url).netloc for url in (file.iu, file.pu)]
        self._gateway = file.iu.rstrip("/")
        self._tenant = re.compile(re.escape(file.ti), re.IGNORECASE)
        self._client = file.ci
        self._also = {name.lower() for name in also}
        self._kept = {name.lower() for name in kept}

    def value(self, name: str, text: str) -> str:
        """Return the cassette's text for a text under a name."""
        if not text:
            return text
        if _SECRET_NAME.search(name) or self.is_secret(text):
            return DOTS
        if len(text) > _MAX_WORD and not re.search(r"\s", text):
            return _FILE
        text = self.addresses(text)
        if not self._is_replaced(name, _PLACEHOLDER.sub(" ", text).strip()):
            return text
        return "".join(
            each if _PLACEHOLDER.fullmatch(each) else self.changed(each)
            for each in _PLACEHOLDER.split(text)
        )

    def number(self, name: str, number: int | float) -> int | float:
        """Return the cassette's number: an amount becomes another one of as many digits."""
        is_amount = _AMOUNT_NAME.search(name) or name.lower() in self._also
        if name.lower() in self._kept or not (is_amount or isinstance(number, float)):
            return number
        changed = self.changed(repr(number))
        try:
            return float(changed) if isinstance(number, float) else int(changed)
        except ValueError:
            return 0

    def is_secret(self, text: str) -> bool:
        """Tell whether a text has a credential in it, plain or encoded."""
        return self._known.text(text) != text or self._shapes.holds_secret(text)

    def addresses(self, text: str) -> str:
        """Return a text with the tenant's addresses, id and client id taken out."""
        text = text.replace(self._gateway, GATEWAY)
        text = _URL.sub(lambda found: found[0] if found[0] in GATEWAY else GATEWAY, text)
        for host in self._hosts:
            text = text.replace(host, "sandbox.invalid")
        text = text.replace(self._client, f"{TENANT}~client")
        return self._tenant.sub(TENANT, text)

    def changed(self, text: str) -> str:
        """Return another text of the same form: the same for the same words."""
        return _WORD.sub(lambda found: self._word(found[0]), text)

    def _is_replaced(self, name: str, text: str) -> bool:
        if not text or name.lower() in self._kept:
            return False
        if name.lower() in self._also or "@" in text or _IBAN.search(text):
            return True
        if _ANY_NAME.search(name):
            return bool(_WORDS.search(text))
        if _FORMAT_NAME.search(name):
            return False
        return bool(
            _PERSONAL_NAME.search(name)
            or _AMOUNT_NAME.search(name)
            or _DECIMAL.fullmatch(text.strip())
            or _WORDS.search(text)
            or _CAPITALISED.fullmatch(text)
        )

    def _word(self, word: str) -> str:
        digest = hmac.new(self._key, word.lower().encode(), hashlib.sha256).digest()
        return "".join(
            _letter(letter, digest[number % len(digest)], is_first=number == 0)
            for number, letter in enumerate(word)
        )


def _letter(letter: str, byte: int, *, is_first: bool) -> str:
    if letter.isdigit():
        # A number keeps its length: none begins with a zero that did not.
        return str(1 + byte % 9) if is_first and letter != "0" else str(byte % 10)
    if letter.isalpha():
        other = chr(ord("a") + byte % 26)
        return other.upper() if letter.isupper() else other
    return letter
