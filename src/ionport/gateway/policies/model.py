"""Policies: their documented XML, checked with line and column, and the rules made of it.

The forms are those of docs/reference/gateway.md#policies (namespace http://www.infor.com/ion/api):
one policy is one element named after its type. Where no form is documented
(anonymousInboundSecurity), the element has the common attributes alone.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from ionport.core import xml
from ionport.core.errors import InvalidInput, IonportError
from ionport.core.i18n import N_, _
from ionport.gateway.suites.model import PolicyType
from ionport.gateway.targets.security import is_header_name, is_header_value, is_reserved
from ionport.identity.model import AuditAction

NAMESPACE: Final = "http://www.infor.com/ion/api"
MAX_POLICY_BYTES: Final = 20_000
_MAX_NUMBER: Final = 1_000_000_000
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
# Verified are context.url.tenant and request.queryparam.*; the others are inferred.
CONTEXT_VARIABLES: Final = ("context.url.tenant", "context.client_id", "context.identity2")
QUERY_PREFIX: Final = "request.queryparam."
VARIABLE_PREFIXES: Final = (QUERY_PREFIX, "request.header.")

# Comments, CDATA and instructions are skipped over; in a well-formed text the rest are start tags.
_TAG = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    r"|(?P<start><[^\s/!?>](?:\"[^\"]*\"|'[^']*'|[^\"'>])*>)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Throttling:
    """Delays requests beyond a count in a period, and refuses those beyond a second count.

    Times are in milliseconds; `delay_after` and `max_requests` are None when not asked for.
    """

    period_ms: int
    delay_after: int | None
    delay_factor_ms: int
    max_requests: int | None


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `allow` requests in `seconds` from the first one on, for each user or for all."""

    user_level: bool
    seconds: int
    allow: int


@dataclass(frozen=True, slots=True)
class HeaderPolicy:
    """Sets a header to a value or to what `ref` names, or deletes it (`*`: all of them)."""

    deletes: bool
    name: str
    value: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class TargetTimeout:
    """How long the target may send nothing, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class KeyFragment:
    """A part of a cache key: a text, or what `ref` names."""

    value: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class CacheResponse:
    """Keeps responses for `seconds`; method, path, query, headers and fragments make the key."""

    user_level: bool
    prefix: str
    fragments: tuple[KeyFragment, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class AnonymousInbound:
    """Clients need no access token."""


Rule = Throttling | Quota | HeaderPolicy | TargetTimeout | CacheResponse | AnonymousInbound


@dataclass(frozen=True, slots=True)
class ParsedPolicy:
    """What a definition says. A policy that is not enabled is kept and not enforced."""

    rule: Rule
    is_enabled: bool


class PolicyInvalid(InvalidInput):
    """A definition is wrong. `place` is line and column, from 1; None when neither is known."""

    def __init__(self, text: str, place: tuple[int, int] | None = None) -> None:
        super().__init__(text, code="policy_invalid", fields={"definition": text})
        self.place = place


def parse_policy(kind: PolicyType, definition: str) -> ParsedPolicy:
    """Parse and check the XML of a policy.

    Raises:
        PolicyInvalid: with the text under `definition`; it names line and column.
    """
    try:
        content = definition.encode()
        root = xml.parse(content, max_bytes=MAX_POLICY_BYTES)
    except (IonportError, UnicodeEncodeError) as error:
        place = getattr(error.__cause__, "position", None)
        raise PolicyInvalid(getattr(error, "text", str(error)), place) from error
    if (root.getroottree().docinfo.encoding or "utf-8").lower() not in ("utf-8", "us-ascii"):
        text = _("Leave out the encoding or write UTF-8 (line 1, column 1).")
        raise PolicyInvalid(text, (1, 1))
    reader = _Reader(definition, root)
    reader.expect_root(kind)
    return ParsedPolicy(_PARSERS[kind](reader, root), reader.is_enabled(root))


class _Reader:
    """Reads elements, and knows where in the text each one begins."""

    def __init__(self, text: str, root: etree._Element) -> None:
        starts = [m.start("start") for m in _TAG.finditer(text) if m["start"]]
        self._positions = dict(zip(root.iter(), starts, strict=True))
        self._lines = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]

    def fail(self, element: etree._Element, reason: str) -> InvalidInput:
        """Return the error that `reason` at `element` is."""
        offset = self._positions[element]
        line = bisect.bisect_right(self._lines, offset)
        column = offset - self._lines[line - 1] + 1
        place = _("(line {line}, column {column})").format(line=line, column=column)
        return PolicyInvalid(f"{reason} {place}", (line, column))

    def expect_root(self, kind: PolicyType) -> None:
        root = next(iter(self._positions))
        if root.tag != f"{{{NAMESPACE}}}{kind.value}":
            raise self.fail(
                root,
                _("The policy must be <{name} xmlns='{namespace}'>.").format(
                    name=kind.value, namespace=NAMESPACE
                ),
            )
        for name in ("name", "version"):
            if not root.get(name, "").strip():
                raise self.fail(root, _("The attribute {name} is missing.").format(name=name))

    def is_enabled(self, root: etree._Element) -> bool:
        value = root.get("enabled", "true")
        if value not in ("true", "false"):
            raise self.fail(root, _("The attribute enabled is true or false."))
        return value == "true"

    def children(
        self, parent: etree._Element, known: Mapping[str, bool], many: str = ""
    ) -> dict[str, list[etree._Element]]:
        """Return the children by name; `known` says which are required, `many` may repeat."""
        found: dict[str, list[etree._Element]] = {name: [] for name in known}
        for child in parent:
            namespace, _brace, name = str(child.tag).rpartition("}")
            if namespace != f"{{{NAMESPACE}" or name not in known:
                names = ", ".join(known) or _("nothing")
                raise self.fail(
                    child,
                    _("<{name}> has no place here; known: {names}.").format(name=name, names=names),
                )
            if found[name] and name != many:
                raise self.fail(child, _("<{name}> stands here twice.").format(name=name))
            found[name].append(child)
        for name, is_required in known.items():
            if is_required and not found[name]:
                raise self.fail(parent, _("<{name}> is missing.").format(name=name))
        return found

    def text(self, element: etree._Element) -> str:
        self.children(element, {})
        return (element.text or "").strip()

    def number(self, element: etree._Element, low: int = 1, high: int = _MAX_NUMBER) -> int:
        text = self.text(element)
        if not (text.isascii() and text.isdecimal() and len(text) < 12):
            raise self.fail(element, _("{text!r} is no whole number.").format(text=text[:40]))
        if not low <= int(text) <= high:
            raise self.fail(
                element, _("The number must be {low} to {high}.").format(low=low, high=high)
            )
        return int(text)

    def boolean(self, elements: list[etree._Element], *, default: bool = False) -> bool:
        for element in elements:
            text = self.text(element)
            if text not in ("true", "false"):
                raise self.fail(element, _("This is true or false."))
            return text == "true"
        return default

    def ref(self, element: etree._Element) -> str | None:
        ref = element.get("ref")
        if ref is None or ref in CONTEXT_VARIABLES:
            return ref
        for prefix in VARIABLE_PREFIXES:
            if ref.startswith(prefix) and is_header_name(ref.removeprefix(prefix)):
                return ref
        known = (*CONTEXT_VARIABLES, *(f"{prefix}…" for prefix in VARIABLE_PREFIXES))
        raise self.fail(
            element,
            _("{ref!r} cannot be referred to; known: {known}.").format(
                ref=ref[:80], known=", ".join(known)
            ),
        )


def _throttling(reader: _Reader, root: etree._Element) -> Throttling:
    found = reader.children(
        root, {"timePeriodInMilliseconds": True, "rateSmoothing": False, "spikeArrest": False}
    )
    delay_after, delay_factor, maximum = None, 0, None
    for smoothing in found["rateSmoothing"]:
        parts = reader.children(
            smoothing, {"delayAfterCount": True, "delayFactorInMilliseconds": True}
        )
        delay_after = reader.number(parts["delayAfterCount"][0])
        delay_factor = reader.number(parts["delayFactorInMilliseconds"][0], high=60_000)
    for arrest in found["spikeArrest"]:
        parts = reader.children(arrest, {"maxRequestsPerPeriod": True})
        maximum = reader.number(parts["maxRequestsPerPeriod"][0])
    if delay_after is None and maximum is None:
        raise reader.fail(root, _("Say rateSmoothing, spikeArrest or both."))
    period = reader.number(found["timePeriodInMilliseconds"][0], high=86_400_000)
    return Throttling(period, delay_after, delay_factor, maximum)


def _quota(reader: _Reader, root: etree._Element) -> Quota:
    found = reader.children(
        root, {"userLevel": False, "interval": True, "timeUnit": True, "allow": True}
    )
    unit = found["timeUnit"][0]
    if (name := reader.text(unit)) not in _UNITS:
        raise reader.fail(unit, _("timeUnit is day, hour, minute or second."))
    interval = reader.number(found["interval"][0], high=10_000)
    allow = reader.number(found["allow"][0])
    return Quota(reader.boolean(found["userLevel"]), interval * _UNITS[name], allow)


def _header(reader: _Reader, root: etree._Element) -> HeaderPolicy:
    found = reader.children(root, {"action": True, "headerName": True, "headerValue": False})
    action, name_element = found["action"][0], found["headerName"][0]
    deletes = reader.text(action) == "delete"
    if not deletes and reader.text(action) != "set":
        raise reader.fail(action, _("action is set or delete."))
    name = reader.text(name_element)
    if not is_header_name(name) or (name == "*" and not deletes):
        raise reader.fail(name_element, _("{name!r} is no header name.").format(name=name[:80]))
    if is_reserved(name):
        raise reader.fail(
            name_element, _("{name} is set by the gateway or by HTTP itself.").format(name=name)
        )
    if deletes:
        return HeaderPolicy(deletes=True, name=name, value="", ref=None)
    for element in found["headerValue"]:
        value, ref = reader.text(element), reader.ref(element)
        if not is_header_value(value) or not (value or ref):
            raise reader.fail(element, _("headerValue needs visible ASCII letters, or ref."))
        return HeaderPolicy(deletes=False, name=name, value=value, ref=ref)
    raise reader.fail(root, _("To set a header, <headerValue> is needed."))


def _target_timeout(reader: _Reader, root: etree._Element) -> TargetTimeout:
    element = reader.children(root, {"timeout": True})["timeout"][0]
    return TargetTimeout(reader.number(element, 60_000, 300_000) / 1000)


def _cache_response(reader: _Reader, root: etree._Element) -> CacheResponse:
    found = reader.children(root, {"userLevel": False, "cacheKey": True, "expireSettings": True})
    key = reader.children(
        found["cacheKey"][0], {"prefix": True, "keyFragment": False}, many="keyFragment"
    )
    expiry = reader.children(found["expireSettings"][0], {"timeoutInSeconds": True})
    return CacheResponse(
        # Our choice: one user's answer is given to others only where the policy says so.
        user_level=reader.boolean(found["userLevel"], default=True),
        prefix=reader.text(key["prefix"][0]),
        fragments=tuple(_fragments(reader, key["keyFragment"])),
        seconds=reader.number(expiry["timeoutInSeconds"][0], high=86_400),
    )


def _fragments(reader: _Reader, elements: list[etree._Element]) -> Iterator[KeyFragment]:
    for element in elements:
        value, ref = reader.text(element), reader.ref(element)
        if not (value or ref):
            raise reader.fail(element, _("keyFragment needs a text, or ref."))
        yield KeyFragment(value, ref)


def _anonymous(reader: _Reader, root: etree._Element) -> AnonymousInbound:
    reader.children(root, {})
    return AnonymousInbound()


_PARSERS: Final[Mapping[PolicyType, Callable[[_Reader, etree._Element], Rule]]] = {
    PolicyType.THROTTLING: _throttling,
    PolicyType.QUOTA: _quota,
    PolicyType.HEADER: _header,
    PolicyType.TARGET_TIMEOUT: _target_timeout,
    PolicyType.CACHE_RESPONSE: _cache_response,
    PolicyType.ANONYMOUS_INBOUND_SECURITY: _anonymous,
}


_ATTRIBUTES = (
    'xmlns="http://www.infor.com/ion/api" name="{name}" displayName="{name}" enabled="true"'
    ' version="1.0"'
)
_BODIES: Final[Mapping[PolicyType, str]] = {
    PolicyType.THROTTLING: """
  <timePeriodInMilliseconds>60000</timePeriodInMilliseconds>
  <rateSmoothing>
    <delayAfterCount>100</delayAfterCount>
    <delayFactorInMilliseconds>10</delayFactorInMilliseconds>
  </rateSmoothing>
  <spikeArrest>
    <maxRequestsPerPeriod>1000</maxRequestsPerPeriod>
  </spikeArrest>
""",
    PolicyType.QUOTA: """
  <userLevel>false</userLevel>
  <interval>1</interval>
  <timeUnit>hour</timeUnit>
  <allow>1000</allow>
""",
    PolicyType.HEADER: """
  <action>set</action>
  <headerName>X-Example</headerName>
  <headerValue>example</headerValue>
""",
    PolicyType.TARGET_TIMEOUT: "\n  <timeout>120000</timeout>\n",
    PolicyType.CACHE_RESPONSE: """
  <userLevel>true</userLevel>
  <cacheKey>
    <prefix>example</prefix>
    <keyFragment ref="request.queryparam.id"/>
  </cacheKey>
  <expireSettings>
    <timeoutInSeconds>60</timeoutInSeconds>
  </expireSettings>
""",
    PolicyType.ANONYMOUS_INBOUND_SECURITY: "",
}


def sample_policy(kind: PolicyType) -> str:
    """Return a right definition of a type, to begin with."""
    attributes = _ATTRIBUTES.format(name=f"{kind.value}-example")
    return f"<{kind.value} {attributes}>{_BODIES[kind]}</{kind.value}>\n"


class PolicyAction(AuditAction):
    """What the audit log tells of a policy."""

    CREATED = "policy.created", N_("Policy added")
    CHANGED = "policy.changed", N_("Policy changed")
    DELETED = "policy.deleted", N_("Policy deleted")
