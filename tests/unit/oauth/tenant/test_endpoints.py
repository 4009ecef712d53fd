from __future__ import annotations

import pytest

from ionport.core.errors import InvalidInput
from ionport.oauth.tenant.endpoints import Endpoints


@pytest.mark.parametrize(
    ("public", "gateway", "pu", "iu"),
    [
        (
            "https://sso.example.com",
            "https://ion.example.com",
            "https://sso.example.com:443/ACME_TST/as/",
            "https://ion.example.com",
        ),
        (
            "https://sso.example.com:443/",
            "https://ion.example.com:443/",
            "https://sso.example.com:443/ACME_TST/as/",
            "https://ion.example.com",
        ),
        (
            "http://127.0.0.1:8400",
            "http://127.0.0.1:8400",
            "http://127.0.0.1:8400/ACME_TST/as/",
            "http://127.0.0.1:8400",
        ),
        (
            "http://localhost",
            "http://[::1]:9000",
            "http://localhost:80/ACME_TST/as/",
            "http://[::1]:9000",
        ),
    ],
)
def test_pu_has_a_port_and_a_slash_and_iu_has_neither_where_it_is_the_default(
    public: str, gateway: str, pu: str, iu: str
) -> None:
    endpoints = Endpoints(public, gateway)
    assert endpoints.pu("ACME_TST") == pu
    assert endpoints.iu == endpoints.audience == iu
    assert endpoints.issuer("ACME_TST") == pu[:-1]
    assert endpoints.token_url("ACME_TST") == pu + "token.oauth2"
    assert endpoints.revocation_url("ACME_TST") == pu + "revoke_token.oauth2"
    assert endpoints.jwks_url("ACME_TST") == pu + "jwks"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ion.example.com",
        "ftp://ion.example.com",
        "https://",
        "https://user@ion.example.com",
        "https://ion.example.com/path",
        "https://ion.example.com?q=1",
        "https://ion.example.com#part",
        "https://ion.example.com:99999",
        "https://[::1",
    ],
)
def test_an_address_that_is_no_origin_is_refused_with_the_settings_to_correct(url: str) -> None:
    with pytest.raises(InvalidInput, match="IONPORT_PUBLIC_URL"):
        Endpoints(url, "https://ion.example.com")
