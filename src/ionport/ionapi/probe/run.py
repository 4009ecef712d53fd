"""The staged proof of a connection: from the file to the suites, changing nothing there."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..client import IonApiClient
from ..errors import CredentialFileError, IonApiError, M3Error, ServiceError, TokenError
from ..file.model import IonApiFile, Kind, shorten
from ..finding import APPS_MENU
from ..tokens.grants import ClientAuth, TokenSet
from ..transport.pool import Peer, Timeouts, Transport
from ..wording import N_, joined, worded
from .results import Details, StageResult, State

if TYPE_CHECKING:
    from ..addresses import AddressPolicy
    from ..finding import Finding
    from ..transport.exchange import Observer

EXPIRES_SOON_DAYS = 30
M3_PROGRAM = "APS450MI"
"""Any program tells who the user is; this one takes supplier invoices.

Source: docs/reference/m3.md#transactions-and-fields.
"""
LN_SERVICE = "BusinessPartner_v3"
"""A service of LN itself, whose WSDL is read (docs/reference/ln.md#soap)."""
NO_REFRESH_ADVICE = worded(
    "Each new access token then costs a sign-on, of which Infor allows 1,000 a day. In "
    "{menu} open the app, switch on Issue Refresh Tokens and save; the file stays the same.",
    menu=APPS_MENU,
)
REFRESH_REMEDY = worded(
    "In {menu} open the app and check Issue Refresh Tokens and Refresh Token Grant Lifetime "
    "(0 means that it never expires). Without it each new access token costs a sign-on.",
    menu=APPS_MENU,
)


def probe(
    source: IonApiFile | bytes,
    *,
    policy: AddressPolicy | None = None,
    timeout: Timeouts | float | None = None,
    client_auth: ClientAuth = ClientAuth.BASIC,
    scope: str | None = None,
    on_exchange: Observer | None = None,
    transport: Transport | None = None,
) -> Generator[StageResult, None, None]:
    """Prove a credential; each stage is given when it starts and again when it ends.

    The stages are file, network, token, refresh, idm, ion, m3 and ln, in this order; one that
    depends on a failed stage is `skipped`. M3 or LN that the tenant does not have, or that is not
    open to this account, is `not_applicable`: its `code` is the error's, which counts as a refusal
    for methods that need the suite. `source` may be the bytes of an upload. Tokens are asked for
    anew and never taken from a store, so that a wrong secret shows; this costs one sign-on and one
    refresh. Nothing is changed at the tenant.
    """
    shared = transport or Transport(policy)
    run = _Run(source, Timeouts.of(timeout), shared, client_auth, scope, on_exchange)
    try:
        yield from run.stages()
    finally:
        if transport is None:
            shared.close()


async def probe_async(
    source: IonApiFile | bytes,
    *,
    policy: AddressPolicy | None = None,
    timeout: Timeouts | float | None = None,  # noqa: ASYNC109 it bounds single calls
    on_exchange: Observer | None = None,
) -> AsyncIterator[StageResult]:
    """`probe` for asyncio. It runs in a thread: certificates are only shown by blocking sockets."""
    results = probe(source, policy=policy, timeout=timeout, on_exchange=on_exchange)
    try:
        while (result := await asyncio.to_thread(next, results, None)) is not None:
            yield result
    finally:
        with suppress(ValueError):  # still running in its thread when the task was cancelled
            results.close()


@dataclass(frozen=True, slots=True)
class _Outcome:
    code: str
    summary: str
    details: Details = ()
    remedy: str = ""
    state: State = "passed"
    cause: str = ""


class _Run:
    """One probe under way: later stages use what earlier ones found."""

    def __init__(
        self,
        source: IonApiFile | bytes,
        timeouts: Timeouts,
        transport: Transport,
        client_auth: ClientAuth,
        scope: str | None,
        on_exchange: Observer | None,
    ) -> None:
        self._source = source
        self._timeouts = timeouts
        self._transport = transport
        self._client_auth = client_auth
        self._scope = scope
        self._on_exchange = on_exchange
        self._file: IonApiFile
        self._client: IonApiClient
        self._tokens: TokenSet

    def stages(self) -> Iterator[StageResult]:
        """All stages in order."""
        stages: tuple[tuple[str, str, str, Callable[[], _Outcome]], ...] = (
            ("file", "ION API file", "", self._check_file),
            ("network", "Network", "file", self._reach_hosts),
            ("token", "Access token", "network", self._sign_on),
            ("refresh", "Refresh token", "token", self._refresh),
            ("idm", "Document Management (IDM)", "token", self._ask_idm),
            ("ion", "ION messaging", "token", self._ask_ion),
            ("m3", "M3", "token", self._ask_m3),
            ("ln", "LN", "token", self._ask_ln),
        )
        passed: set[str] = set()
        for id_, title, foundation, check in stages:
            if foundation and foundation not in passed:
                yield StageResult(id_, title, "skipped", summary=_WAITS, code="waits")
                continue
            started = StageResult(id_, title, "running")
            yield started
            result = _timed(started, check)
            if result.state == "passed":
                passed.add(id_)
            yield result

    def _check_file(self) -> _Outcome:
        file = self._source
        self._file = file if isinstance(file, IonApiFile) else IonApiFile.parse(file)
        self._file.require_valid()
        remarks = [finding for finding in self._file.validate() if finding.severity != "info"]
        app = self._file.cn or worded("an app without a name")
        return _Outcome(
            "file_read",
            worded("{app} of tenant {tenant}", app=app, tenant=self._file.ti),
            details=(
                ("Tenant", self._file.ti),
                ("Environment", self._file.environment or "unknown"),
                ("App", self._file.cn or ""),
                ("Client ID", shorten(self._file.ci)),
                ("Sign-on", _SIGN_ON[self._file.kind]),
                ("Gateway", self._file.iu),
                ("Authorization server", self._file.pu),
                *(("Remark", finding.text) for finding in remarks),
            ),
            remedy=_advice(remarks),
        )

    def _reach_hosts(self) -> _Outcome:
        peers: dict[str, Peer] = {}
        details: list[tuple[str, str]] = []
        for label, url in (("Authorization server", self._file.pu), ("Gateway", self._file.iu)):
            peer = self._transport.inspect(url, timeout=self._timeouts.connect)
            peers[peer.host] = peer
            details += _peer_rows(label, peer)
        unencrypted = any(peer.certificate is None for peer in peers.values())
        return _Outcome(
            "hosts_unencrypted" if unencrypted else "hosts_answer",
            worded(
                _ANSWERS[len(peers) == 1, unencrypted], **dict(zip(_HOSTS, peers, strict=False))
            ),
            details=tuple(details),
            remedy=_expiry_advice(peers.values()),
        )

    def _sign_on(self) -> _Outcome:
        self._client = IonApiClient(
            self._file,
            timeout=self._timeouts,
            client_auth=self._client_auth,
            scope=self._scope,
            on_exchange=self._on_exchange,
            transport=self._transport,
        )
        self._tokens = self._client.token()
        minutes = round((self._tokens.expires_at - time.time()) / 60)
        scope = self._tokens.scope
        return _Outcome(
            "signed_on",
            worded("Signed on: {by}", by=_SIGN_ON[self._file.kind]),
            details=(
                ("Lifetime", f"{minutes} minutes"),
                ("Refresh token", "issued" if self._tokens.refresh_token else "not issued"),
                *((("Scopes", scope),) if scope else ()),
            ),
        )

    def _refresh(self) -> _Outcome:
        before = self._tokens.refresh_token
        if before is None:
            return _Outcome(
                "no_refresh_token",
                worded("Infor issues no refresh token for this app"),
                remedy=NO_REFRESH_ADVICE,
                state="not_applicable",
            )
        try:
            self._tokens = self._client.refresh(self._tokens)
        except TokenError as error:
            if error.transient:
                raise
            raise TokenError(
                joined(
                    worded("The refresh token is not accepted, although Infor issued it."),
                    error.oauth_error,
                ),
                oauth_error=error.oauth_error,
                status=error.status,
                remedy=REFRESH_REMEDY,
            ) from error
        same = self._tokens.refresh_token == before
        return _Outcome(
            "refreshed",
            worded("A new access token came for the refresh token"),
            details=(("Refresh token", "stays the same" if same else "is renewed each time"),),
        )

    def _ask_idm(self) -> _Outcome:
        entities = self._client.idm.list_entities()
        names = ", ".join(entity.name for entity in entities[:10])
        more = f" and {len(entities) - 10} more" if len(entities) > 10 else ""
        if not entities:
            return _Outcome(
                "idm_shows_nothing",
                worded("IDM answers, but shows no document type to this account"),
                remedy=worded("Give the user of the service account the role IDM-AdvancedUser."),
            )
        return _Outcome(
            "idm_answers",
            worded("IDM answers with {number} document types", number=len(entities)),
            details=(("Document types", f"{names}{more}"),),
        )

    def _ask_ion(self) -> _Outcome:
        self._client.messaging.ping()
        return _Outcome("ion_answers", worded("ION messaging answers"))

    def _ask_m3(self) -> _Outcome:
        try:
            found = self._client.m3.execute(M3_PROGRAM, "GetUserInfo")
        except ServiceError as error:
            if error.status == 404:
                return _not_open(_NOT_FOUND, error, error.code)
            if error.status == 403 or isinstance(error, M3Error):
                return _not_open(_NOT_OPEN, error, error.code)
            raise
        rows = (("User", "ZZUSID"), ("Company", "ZDCONO"), ("Division", "ZDDIVI"))
        return _Outcome(
            "m3_answers",
            worded("M3 answers as the user of the service account"),
            details=tuple((label, found.first(name)) for label, name in rows if found.first(name)),
        )

    def _ask_ln(self) -> _Outcome:
        try:
            self._client.ln.operations(LN_SERVICE)
        except ServiceError as error:
            if error.status == 404:
                # It may also be that LN is there and only this service is not.
                return _not_open(_NOT_FOUND, error, "ln_not_found")
            if error.status == 403:
                return _not_open(_NOT_OPEN, error, error.code)
            raise
        return _Outcome("ln_answers", worded("LN answers"))


_SIGN_ON: Mapping[Kind, str] = {
    Kind.BACKEND_SERVICE_ACCOUNT: worded("Service account"),
    Kind.CLIENT_CREDENTIALS: worded("Client credentials"),
    Kind.WEB: worded("Web app"),
}
_WAITS = worded("Waits for an earlier stage.")
_NOT_FOUND = worded("Not found at this tenant")
_NOT_OPEN = worded("Not open to this account")
_HOSTS = ("host", "other_host")
# By whether there is one host, and whether it is called without encryption.
_ANSWERS = {
    (True, False): N_("{host} answers with a valid certificate"),
    (False, False): N_("{host} and {other_host} answer with valid certificates"),
    (True, True): N_("{host} answers on this computer, without encryption"),
    (False, True): N_("{host} and {other_host} answer on this computer, without encryption"),
}


def _not_open(summary: str, error: ServiceError, code: str) -> _Outcome:
    """Return the outcome of a suite that not every tenant has, which fails no proof."""
    return _Outcome(
        code,
        summary,
        remedy=joined(
            worded("Only calls of {service} need it.", service=error.service), error.remedy
        ),
        state="not_applicable",
        cause=error.message,
    )


def _timed(started: StageResult, check: Callable[[], _Outcome]) -> StageResult:
    clock = time.perf_counter()
    try:
        outcome = check()
    except IonApiError as error:
        return replace(
            started,
            state="failed",
            milliseconds=_milliseconds(clock),
            summary=worded("Failed"),
            cause=error.message,
            remedy=error.remedy,
            details=_found(error),
            code=error.code,
        )
    return replace(
        started,
        state=outcome.state,
        milliseconds=_milliseconds(clock),
        summary=outcome.summary,
        cause=outcome.cause,
        remedy=outcome.remedy,
        details=outcome.details,
        code=outcome.code,
    )


def _found(error: IonApiError) -> Details:
    findings = error.findings if isinstance(error, CredentialFileError) else ()
    return tuple((finding.key, finding.text) for finding in findings)


def _milliseconds(clock: float) -> int:
    return round((time.perf_counter() - clock) * 1000)


def _advice(remarks: list[Finding]) -> str:
    return joined(*dict.fromkeys(finding.remedy for finding in remarks))


def _peer_rows(label: str, peer: Peer) -> list[tuple[str, str]]:
    rows = [(label, peer.host), ("Address", peer.address)]
    if peer.certificate is not None:
        expires = _expires(peer.certificate)
        rows += [
            ("TLS", peer.tls_version or ""),
            ("Certificate for", _name_of(peer.certificate, "subject") or peer.host),
            ("Issued by", _name_of(peer.certificate, "issuer")),
            ("Valid until", expires.date().isoformat() if expires else ""),
        ]
    return rows


def _name_of(certificate: Mapping[str, Any], who: str) -> str:
    """Common name, else organization, of subject or issuer."""
    names = {key: value for rdn in certificate.get(who, ()) for key, value in rdn}
    return str(names.get("commonName") or names.get("organizationName") or "")


def _expires(certificate: Mapping[str, Any]) -> datetime | None:
    text = certificate.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if text else None


def _expiry_advice(peers: Iterable[Peer]) -> str:
    soon = []
    for peer in peers:
        expires = _expires(peer.certificate) if peer.certificate else None
        if expires and (expires - datetime.now(UTC)).days < EXPIRES_SOON_DAYS:
            day = expires.date().isoformat()
            soon.append(worded("The certificate of {host} ends on {day}.", host=peer.host, day=day))
    return joined(*soon)
