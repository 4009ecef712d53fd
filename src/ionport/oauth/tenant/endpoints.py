"""The addresses that stand in credentials and tokens; made from settings, never from a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.oauth.tenant.settings import UrlFlavour

_DEFAULT_PORTS = {"https": 443, "http": 80}

JWKS_PATH = "jwks"


@dataclass(frozen=True, slots=True)
class Paths:
    """How the endpoints are called behind `pu`."""

    authorization: str
    token: str
    revocation: str
    introspection: str


# Both answer in every tenant; the tenant's setting decides which stand in credential files and
# metadata (docs/reference/oauth.md#endpoints: PingFederate's and IdentityServer's names).
PATHS: Mapping[UrlFlavour, Paths] = {
    UrlFlavour.CLOUD: Paths(
        authorization="authorization.oauth2",
        token="token.oauth2",  # noqa: S106 (a path, no password)
        revocation="revoke_token.oauth2",
        introspection="introspect.oauth2",
    ),
    UrlFlavour.ON_PREMISES: Paths(
        authorization="connect/authorize",
        token="connect/token",  # noqa: S106
        revocation="connect/revocation",
        introspection="connect/introspect",
    ),
}


class Endpoints:
    """The URLs of one installation, in Infor's forms (docs/reference/credentials.md#the-file).

    `iu` carries no default port and no slash at its end; `pu` always carries a port and a slash.

    Raises:
        InvalidInput: one of the two URLs is more than scheme, host and port.
    """

    def __init__(self, public_url: str, gateway_url: str) -> None:
        self._authorization_server = _origin(public_url, explicit_port=True)
        self.iu = _origin(gateway_url, explicit_port=False)

    def pu(self, tenant_id: str) -> str:
        """Return the base URL of the tenant's authorization server."""
        return f"{self._authorization_server}/{tenant_id}/as/"

    def issuer(self, tenant_id: str) -> str:
        """Return the claim `iss` of the tenant's tokens: `pu` without its last slash."""
        return self.pu(tenant_id).removesuffix("/")

    @property
    def audience(self) -> str:
        """The claim `aud` of access tokens: the gateway."""
        return self.iu

    def token_urls(self, tenant_id: str) -> tuple[str, ...]:
        """Return every address of the token endpoint."""
        return tuple(self.pu(tenant_id) + paths.token for paths in PATHS.values())

    def authorization_url(self, tenant_id: str, flavour: UrlFlavour = UrlFlavour.CLOUD) -> str:
        return self.pu(tenant_id) + PATHS[flavour].authorization

    def token_url(self, tenant_id: str, flavour: UrlFlavour = UrlFlavour.CLOUD) -> str:
        return self.pu(tenant_id) + PATHS[flavour].token

    def revocation_url(self, tenant_id: str, flavour: UrlFlavour = UrlFlavour.CLOUD) -> str:
        return self.pu(tenant_id) + PATHS[flavour].revocation

    def introspection_url(self, tenant_id: str, flavour: UrlFlavour = UrlFlavour.CLOUD) -> str:
        return self.pu(tenant_id) + PATHS[flavour].introspection

    def jwks_url(self, tenant_id: str) -> str:
        return self.pu(tenant_id) + JWKS_PATH


def _origin(url: str, *, explicit_port: bool) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _not_an_origin(url) from error
    host = parts.hostname or ""
    extras = (parts.username, parts.password, parts.query, parts.fragment, parts.path.strip("/"))
    if parts.scheme not in _DEFAULT_PORTS or not host or any(extras):
        raise _not_an_origin(url)
    if ":" in host:
        host = f"[{host}]"
    default = _DEFAULT_PORTS[parts.scheme]
    port = port or default
    shows_port = explicit_port or port != default
    return f"{parts.scheme}://{host}:{port}" if shows_port else f"{parts.scheme}://{host}"


def _not_an_origin(url: str) -> InvalidInput:
    return InvalidInput(
        _(
            "{url} cannot be the address of this server. Set IONPORT_PUBLIC_URL and"
            " IONPORT_GATEWAY_URL to scheme, host and port only, such as https://ion.example.com."
        ).format(url=url),
        code="server_address_invalid",
    )
