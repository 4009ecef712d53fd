"""The handle of a test on one running tenant."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from ionport.core.caching.once import once
from ionport.identity.access import Access
from ionport.identity.model import PasswordProof
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType, GrantType
from ionport.sandbox.own.cassette import Cassette
from ionport.testing.guard import guard
from ionport.testing.handle.calls import InforRecorder
from ionport.testing.handle.clock import InforClock
from ionport.testing.handle.faults import Faults
from ionport.testing.parts import ACTOR, Parts

if TYPE_CHECKING:
    from ionport.testing.handle.ion import Ion
    from ionport.testing.handle.ln import LnState
    from ionport.testing.handle.state import IdmState, M3State

_TIMEOUT_SECONDS: Final = 30
_APP_TYPES: Final = {
    "backend": AppType.BACKEND_SERVICE,
    "web": AppType.WEB,
    "android": AppType.MOBILE_ANDROID,
    "ios": AppType.MOBILE_IOS,
    "windows": AppType.MOBILE_WINDOWS,
}
_GRANTS: Final = {
    "password": GrantType.PASSWORD_CREDENTIALS,
    "client_credentials": GrantType.CLIENT_CREDENTIALS,
}
_CALLBACK: Final = ("http://127.0.0.1:8765/callback",)


class Infor:
    """A tenant that answers on a loopback port, and everything a test asks of it.

    All methods are plain calls, also from an async test: the server has a thread and an event
    loop of its own.

    Attributes:
        url: address of server and gateway, without a slash at the end: `iu` of the credentials.
        tenant: the tenant's id, such as `IONPORT_TST`.
        faults: ordering what goes wrong.
        clock: moving the tenant's time, letting tokens expire.
        recorder: the calls that came.
        guard: refuses credentials of real tenants; `guard.allow(host)` lets a test reach one.
    """

    def __init__(self, parts: Parts) -> None:
        self.url = parts.url
        self.tenant = parts.scope.tenant_id
        self.faults = Faults(parts)
        self.clock = InforClock(parts)
        self.recorder = InforRecorder(parts)
        self.guard = guard
        self._parts = parts
        self._numbers = itertools.count(1)

    @once
    def idm(self) -> IdmState:
        """The items that IDM holds."""
        from ionport.testing.handle.state import IdmState

        return IdmState(self._parts)

    @once
    def ion(self) -> Ion:
        """The messages that ION took, and what it does with them."""
        from ionport.testing.handle.ion import Ion

        return Ion(self._parts)

    @once
    def m3(self) -> M3State:
        """The records that M3 holds."""
        from ionport.testing.handle.state import M3State

        return M3State(self._parts)

    @once
    def ln(self) -> LnState:
        """The invoices that LN holds."""
        from ionport.testing.handle.ln import LnState

        return LnState(self._parts)

    def __repr__(self) -> str:
        return f"<Infor tenant {self.tenant} on {self.url}>"

    def reset(self) -> None:
        """Empty the tenant: items, messages, what M3 and LN hold, recorded calls, faults,
        recordings that are replayed; set back the clock. Apps and their tokens stay.
        """
        with self._parts.database.write() as work:
            self._parts.side.control.state.reset(Access(work, self._parts.scope, ACTOR))
        self._parts.side.own.of(self.tenant).forget()

    def replay(self, cassette: str | Path) -> None:
        """Answer by the recordings of a cassette first, until the next reset.

        `ionport sandbox record --through FILE.ionapi` writes cassettes.

        Raises:
            InvalidInput: the file is no cassette.
        """
        self._parts.side.own.of(self.tenant).use_cassette(
            Cassette.parse(Path(cassette).read_bytes())
        )

    def seed(self, content: Mapping[str, Any] | str | bytes) -> None:
        """Fill the tenant with IDM items, M3 records and LN goods receipts, all or nothing; the
        manual has the form.

        Raises:
            InvalidInput: the text begins with the path of what is wrong, such as `$.m3[2]`.
        """
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        data = text.encode() if isinstance(text, str) else text
        with self._parts.database.write() as work:
            self._parts.side.control.seeds.seed(Access(work, self._parts.scope, ACTOR), data)

    def learn(self, *files: str | Path, suite: str = "") -> None:
        """Use files with metadata of your own tenant, until the next reset.

        A file is an OpenAPI document of a suite, an export of M3's MRS001MI, or what IDM's
        `datamodel/entities` answers. `suite` is the API context of a document that names none.

        Raises:
            InvalidInput: a file is none of these; the text says what is missing.
        """
        from ionport.sandbox.own.learned import read_learned

        for path in map(Path, files):
            learned = read_learned(path.read_bytes(), path.name, suite=suite)
            if learned.entities:
                self.seed({"idm_types": list(learned.entities)})
            self._parts.side.own.of(self.tenant).learn(learned)

    def snapshot(self, name: str) -> None:
        """Keep under a name what the services hold now; one of the same name is replaced."""
        parts = self._parts
        parts.side.control.snapshots.take(parts.database, parts.scope, ACTOR, name)

    def restore(self, name: str) -> None:
        """Put what a snapshot kept in the place of what the services hold; raises NotFound."""
        with self._parts.database.write() as work:
            self._parts.side.control.snapshots.restore(Access(work, self._parts.scope, ACTOR), name)

    def credentials(
        self,
        app_type: str = "backend",
        *,
        grant: str = "password",
        service_account: bool | None = None,
        with_user: bool = True,
        refresh_tokens: bool = True,
        **fields: Any,
    ) -> dict[str, Any]:
        """Return the content of a fresh `.ionapi`: an authorized app of its own, as downloaded.

        Args:
            app_type: `backend`, `web`, `android`, `ios` or `windows`.
            grant: of a backend app: `password` (the usual one) or `client_credentials`.
            service_account: whether the file has `saak` and `sask`; a backend app's has unless
                told otherwise.
            with_user: whether the service account acts for a user, as M3 wants it.
            refresh_tokens: whether the app has *Issue Refresh Tokens* on.
            fields: what else the form of an app holds, such as `access_token_seconds=60`.

        Raises:
            ValueError: no such type or grant.
            InvalidInput: the app's form would refuse a field.
        """
        kind = _chosen(_APP_TYPES, app_type, "app_type")
        if kind.has_users:
            fields.setdefault("redirect_urls", _CALLBACK)
        draft = AppDraft(
            name=f"Test{next(self._numbers)}_TST",
            type=kind,
            grant_type=_chosen(_GRANTS, grant, "grant"),
            description="Made by a test",
            issue_refresh_tokens=refresh_tokens,
            **fields,
        )
        parts = self._parts
        with_account = not kind.has_users if service_account is None else service_account
        with parts.database.write() as work:
            access = Access(work, parts.scope, ACTOR)
            file = parts.side.service_accounts.download_credentials(
                access,
                parts.side.apps.create_app(access, draft).id,
                PasswordProof.operator(parts.clock.now()),
                create_service_account=with_account,
                user_id=parts.user_id if with_account and with_user else None,
            )
        content: dict[str, Any] = json.loads(file.content)
        return content

    def ionapi_file(self, app_type: str = "backend", **options: Any) -> Path:
        """Write a fresh `.ionapi` and return its path; arguments as for `credentials`.

        The file lies in the server's temporary folder and goes with it.
        """
        content = self.credentials(app_type, **options)
        path = self._parts.folder / f"{content['cn']}.ionapi"
        path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
        return path

    def token(self, credentials: Mapping[str, Any] | None = None) -> str:
        """Log in with a service account over HTTP and return the access token.

        Without `credentials` a fresh app logs in.

        Raises:
            AssertionError: the authorization server refused; its answer is in the message.
        """
        file = credentials or self.credentials()
        answer = _post_form(
            file["pu"] + file["ot"],
            {
                "grant_type": "password",
                "username": file["saak"],
                "password": file["sask"],
                "client_id": file["ci"],
                "client_secret": file["cs"],
            },
        )
        token: str = answer["access_token"]
        return token


def _chosen(choices: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in choices:
        raise ValueError(f"{what} is one of {', '.join(choices)}, not {name!r}")
    return choices[name]


def _post_form(url: str, form: Mapping[str, str]) -> dict[str, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS
    )
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", parts.path, urlencode(form), headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise AssertionError(f"the login was refused: {answer.status} {body.decode()}")
    content: dict[str, Any] = json.loads(body)
    return content
