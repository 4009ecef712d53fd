from __future__ import annotations

import json
import re

from ionport.oauth.apps.model import GrantType
from tests.support.oauth import STAMP, TENANT, OAuthSide

SECRET = re.compile(r"[A-Za-z0-9_-]{86}")


def test_the_file_has_infors_keys_order_and_shapes(side: OAuthSide) -> None:
    file = side.download(side.create_app("My App_TST"))
    values = json.loads(file.content)
    assert file.filename == "My App_TST.ionapi"
    assert list(values) == [
        *("ti", "cn", "dt", "ci", "cs", "iu", "pu", "oa", "ot", "or", "ev", "v", "saak", "sask")
    ]
    assert values["ti"] == TENANT
    assert values["cn"] == "My App_TST"
    assert values["dt"] == "12"
    assert re.fullmatch(r"ACME_TST~[A-Za-z0-9_-]{43}", values["ci"])
    assert SECRET.fullmatch(values["cs"])
    assert values["iu"] == "https://ion.example.com"
    assert values["pu"] == "https://ion.example.com:443/ACME_TST/as/"
    assert values["oa"] == "authorization.oauth2"
    assert values["ot"] == "token.oauth2"
    assert values["or"] == "revoke_token.oauth2"
    assert values["ev"] == STAMP
    assert values["v"] == "1.0"
    assert re.fullmatch(r"ACME_TST#[A-Za-z0-9_-]{86}", values["saak"])
    assert SECRET.fullmatch(values["sask"])


def test_without_a_service_account_the_file_has_no_saak_and_no_sask(side: OAuthSide) -> None:
    app = side.create_app(grant_type=GrantType.CLIENT_CREDENTIALS)
    file = side.download(app, account=False)
    assert list(json.loads(file.content))[-2:] == ["ev", "v"]


def test_a_name_beyond_ascii_stands_in_the_file_as_it_is(side: OAuthSide) -> None:
    file = side.download(side.create_app("Größe & Käse 株_TST"))
    assert '"cn":"Größe & Käse 株_TST"'.encode() in file.content
    assert not file.content.startswith(b"\xef\xbb\xbf")


def test_a_name_with_a_slash_makes_no_path(side: OAuthSide) -> None:
    file = side.download(side.create_app('../a\\b:c*"d"'))
    assert file.filename == ".._a_b_c__d_.ionapi"
    assert json.loads(file.content)["cn"] == '../a\\b:c*"d"'


def test_the_content_does_not_print(side: OAuthSide) -> None:
    file = side.download(side.create_app())
    assert json.loads(file.content)["cs"] not in repr(file)
