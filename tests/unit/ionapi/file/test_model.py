"""Reading, checking, explaining and writing `.ionapi` files."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ionport.ionapi import CredentialFileError, IonApiFile, Kind
from tests.unit.ionapi.cloud import CLOUD, content, parsed
from tests.unit.ionapi.loopback import TENANT

MAPPINGS = Path(os.environ.get("IONPORT_REFERENCE_DATA", "../shared/data")) / "mappings"


def refused(source: bytes | str) -> CredentialFileError:
    with pytest.raises(CredentialFileError) as caught:
        IonApiFile.parse(source)
    return caught.value


def errors_of(**changes: Any) -> set[tuple[str, str]]:
    found = parsed(**changes).validate()
    return {(finding.code, finding.key) for finding in found if finding.severity == "error"}


def warnings_of(**changes: Any) -> set[tuple[str, str]]:
    found = parsed(**changes).validate()
    return {(finding.code, finding.key) for finding in found if finding.severity == "warning"}


def test_a_file_as_infor_downloads_it_has_nothing_to_remark_upon() -> None:
    file = parsed()
    assert file.validate() == []
    assert file.kind is Kind.BACKEND_SERVICE_ACCOUNT
    assert file.environment == "TST"
    assert file.token_url == f"{CLOUD}/{TENANT}/as/token.oauth2"
    assert file.authorization_url == f"{CLOUD}/{TENANT}/as/authorization.oauth2"
    assert file.revocation_url == f"{CLOUD}/{TENANT}/as/revoke_token.oauth2"
    assert file.api_url == f"https://mingle-ionapi.eu1.inforcloudsuite.com/{TENANT}"


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "My App.ionapi"
    path.write_bytes(json.dumps(content()).encode())
    assert IonApiFile.load(path) == parsed()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_no_harm(encoding: str) -> None:
    text = json.dumps(content(cn="Rechnungsprüfung"), ensure_ascii=False)
    assert IonApiFile.parse(text.encode(encoding)).cn == "Rechnungsprüfung"


def test_broken_json_is_named_with_line_and_column_and_without_its_content() -> None:
    text = json.dumps(content(), indent=1).replace('"sask":', '"sask"')
    error = refused(text)
    assert error.code == "not_json"
    assert "line 15, column 9" in error.message
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert "P" * 20 not in f"{error!r}{error}{error.detail}"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (b"%PDF-1.7\n%", "PDF"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b"\xef\xbb\xbf  <Sync/>", "XML"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"-----BEGIN PRIVATE KEY-----\n", "PEM"),
        (b"Index_Fields=INVOICE_ID\nIF_INVOICE_ID=/DocumentField\n", "mapping file"),
        (b"user.name=me\nuser.color = red\n", ".properties"),
        (b"Description,Access Key,Secret Key\nx,y,z\n", "service accounts"),
        (b"\x89PNG\r\n", "picture"),
    ],
)
def test_another_type_of_file_is_named_as_what_it_is(source: bytes, name: str) -> None:
    error = refused(source)
    assert error.code == "other_type"
    assert name in error.message


@pytest.mark.skipif(not MAPPINGS.is_dir(), reason="needs the reference data")
def test_the_vendors_mapping_files_are_recognised() -> None:
    for path in MAPPINGS.glob("*.properties"):
        assert "a mapping file" in refused(path.read_bytes()).message, path.name


def test_a_zip_written_by_a_real_archiver_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "credentials.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("My App.ionapi", "{}")
    assert "ZIP" in refused(path.read_bytes()).message


@pytest.mark.parametrize("source", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(source: bytes) -> None:
    assert refused(source).code in {"empty", "not_json"}


def test_a_file_that_is_no_text_is_refused() -> None:
    assert refused(b'{"ti":"\xff\xfe"}').code == "not_text"


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.ionapi"
    path.write_bytes(b" " * (65 * 1024))
    with pytest.raises(CredentialFileError, match="64 KiB"):
        IonApiFile.load(path)


def test_a_list_of_credentials_is_refused() -> None:
    assert refused(json.dumps([content()])).code == "not_object"


def test_json_of_another_kind_is_named() -> None:
    error = refused(b'{"name": "something", "version": 3}')
    assert error.code == "other_type"
    assert len(error.findings) == 6


@pytest.mark.parametrize("source", ["[" * 60_000, '{"ti":' * 10_000, '{"ti": "\\ud800"}'])
def test_hostile_json_is_refused_like_any_other(source: str) -> None:
    assert refused(source).code == "not_json"


def test_a_key_named_twice_is_refused() -> None:
    error = refused('{"ti":"A_TST","ot":"token.oauth2","ot":"elsewhere"}')
    assert error.code == "duplicate_key"
    assert "ot" in error.message


def test_all_missing_keys_are_listed_at_once_with_their_meaning() -> None:
    error = refused(json.dumps({"cn": "My App", "ti": TENANT, "cs": "", "iu": None}))
    assert [finding.key for finding in error.findings] == ["ci", "cs", "iu", "pu", "ot"]
    assert "cs is missing (Client secret of the authorized app)" in error.message


def test_what_infor_does_not_always_write_may_be_missing() -> None:
    optional = dict.fromkeys(("cn", "dt", "oa", "or", "ev", "v"))
    file = parsed(**optional)
    assert [finding.severity for finding in file.validate()] == []
    assert file.authorization_url is None
    assert file.revocation_url is None


def test_wrong_types_are_listed_at_once() -> None:
    error = refused(json.dumps(content(ti=5, cs=["x"], sc="Infor-ION", v=1.0)))
    assert [finding.key for finding in error.findings] == ["ti", "cs", "sc", "v"]
    assert {finding.code for finding in error.findings} == {"wrong_type"}


def test_unknown_keys_are_kept() -> None:
    file = parsed(config="x", logicalId={"deep": [1]})
    assert dict(file.extra) == {"config": "x", "logicalId": {"deep": [1]}}
    assert json.loads(file.to_bytes())["logicalId"] == {"deep": [1]}


def test_a_web_apps_file_is_named_with_the_way_out() -> None:
    file = parsed(saak=None, sask=None, ru="https://www.infor.com")
    assert file.kind is Kind.WEB
    finding = file.validate()[0]
    assert (finding.severity, finding.code, finding.key) == ("error", "web_app", "ru")
    assert "Create Service Account" in finding.remedy
    assert "Backend Service" in finding.remedy
    with pytest.raises(CredentialFileError) as caught:
        file.require_valid()
    assert caught.value.code == "web_app"


def test_a_file_without_service_account_means_client_credentials() -> None:
    file = parsed(saak=None, sask=None)
    assert file.kind is Kind.CLIENT_CREDENTIALS
    assert [finding.severity for finding in file.validate()] == ["info"]
    file.require_valid()


def test_a_redirect_url_beside_a_service_account_is_remarked_upon() -> None:
    file = parsed(ru="https://www.infor.com")
    assert file.kind is Kind.BACKEND_SERVICE_ACCOUNT
    assert warnings_of(ru="https://www.infor.com") == {("redirect_with_service_account", "ru")}


@pytest.mark.parametrize(("absent", "key"), [("sask", "sask"), ("saak", "saak")])
def test_half_a_service_account_is_an_error(absent: str, key: str) -> None:
    assert errors_of(**{absent: None}) == {("half_service_account", key)}


@pytest.mark.parametrize(
    "name",
    [
        "@evil.test/x",
        "//evil.test/x",
        "/token.oauth2",
        "../token.oauth2",
        "a/../../b",
        "a/./b",
        "a//b",
        "https://evil.test/x",
        "\\evil.test",
        "token.oauth2?x=",
        "token.oauth2#",
        "token oauth2",
        "token.oauth2\n",
        ":443/x",
        ".evil.test",  # after pu without slash it would continue the host
    ],
)
@pytest.mark.parametrize("key", ["oa", "ot", "or"])
def test_a_relative_name_cannot_lead_to_another_host(key: str, name: str) -> None:
    if name == ".evil.test":
        file = parsed(**{key: name, "pu": "https://infor.test"})
        assert all(
            url is None or url.startswith("https://infor.test/")
            for url in (file.token_url, file.authorization_url, file.revocation_url)
        )
        return
    assert ("not_relative", key) in errors_of(**{key: name})


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://infor.test", "http"),
        ("ftp://infor.test", "https://"),
        ("infor.test", "https://"),
        ("https://", "no host"),
        ("https://user@infor.test", "user name"),
        ("https://infor.test?x=1", "query"),
        ("https://infor.test#x", "fragment"),
        ("https://infor.test:70000", "port"),
        ("https://infor.test:0", "port"),
        ("https://[::1", "host"),
        ("https://infor.test\\@evil.test", "characters"),
        ("https://infor.test/a b", "characters"),
        ("javascript:alert(1)", "https://"),
    ],
)
@pytest.mark.parametrize("key", ["iu", "pu"])
def test_a_base_address_must_be_a_plain_https_address(key: str, url: str, reason: str) -> None:
    findings = [finding for finding in parsed(**{key: url}).validate() if finding.key == key]
    assert findings[0].code == "bad_address"
    assert reason in findings[0].text


@pytest.mark.parametrize("host", ["127.0.0.1:8400", "localhost:8400", "[::1]:8400", "a.localhost"])
def test_plain_http_is_for_this_computer(host: str) -> None:
    assert errors_of(iu=f"http://{host}", pu=f"http://{host}/{TENANT}/as/") == set()


def test_an_authorization_server_without_its_slash_still_works() -> None:
    pu = f"{CLOUD}/{TENANT}/as"
    assert warnings_of(pu=pu) == {("no_trailing_slash", "pu")}
    assert parsed(pu=pu).token_url == f"{CLOUD}/{TENANT}/as/token.oauth2"


@pytest.mark.parametrize("end", [TENANT, f"{TENANT}/", TENANT.lower()])
def test_a_gateway_address_that_has_the_tenant_already_is_told(end: str) -> None:
    assert ("tenant_in_gateway", "iu") in errors_of(iu=f"{CLOUD}/{end}")


@pytest.mark.parametrize("tenant", ["../x", "a/b", "..", "a b", "A%2F", "x" * 65])
def test_a_tenant_id_stays_one_segment_of_the_path(tenant: str) -> None:
    assert ("bad_tenant", "ti") in errors_of(ti=tenant)


def test_keys_of_another_tenant_are_remarked_upon() -> None:
    assert warnings_of(ti="OTHER_PRD") == {
        ("other_tenant", "ci"),
        ("other_tenant", "saak"),
        ("other_tenant", "pu"),
    }


@pytest.mark.parametrize("key", ["ci", "cs", "saak", "sask"])
def test_a_key_that_was_cut_is_remarked_upon(key: str) -> None:
    assert ("unusual_shape", key) in warnings_of(**{key: content()[key][:-5]})


@pytest.mark.parametrize("key", ["ci", "cs", "saak", "sask"])
def test_a_key_with_a_line_break_is_an_error(key: str) -> None:
    assert ("bad_characters", key) in errors_of(**{key: content()[key] + "\r\nX: y"})


def test_older_lengths_are_usual() -> None:
    assert warnings_of(ci=f"{TENANT}~{'c' * 40}", cs="S" * 87) == set()


def test_scopes_are_read_and_checked() -> None:
    file = parsed(sc=["Infor-IDM", "Infor-ION"], v="1.1")
    assert file.sc == ("Infor-IDM", "Infor-ION")
    assert file.validate() == []
    assert errors_of(sc=["two words"]) == {("bad_scope", "sc")}


def test_an_on_premises_file_is_accepted() -> None:
    file = parsed(
        ti="infor",
        ci=f"infor~{'c' * 43}",
        saak=f"infor#{'K' * 86}",
        iu="https://infor.acme.example:7443",
        pu="https://infor.acme.example/InforIntSTS/",
        oa="connect/authorize",
        ot="connect/token",
        **{"or": "connect/revocation"},
    )
    assert file.validate() == []
    assert file.environment is None
    assert file.token_url == "https://infor.acme.example/InforIntSTS/connect/token"


@pytest.mark.parametrize(
    ("first", "second"),
    [("ci", "cs"), ("saak", "sask"), ("iu", "pu"), ("oa", "ot"), ("ot", "or")],
)
def test_keys_whose_values_were_swapped_are_named_as_swapped(first: str, second: str) -> None:
    usual = content()
    file = parsed(**{first: usual[second], second: usual[first]})
    with pytest.raises(CredentialFileError, match=f"{first} and {second} are swapped") as caught:
        file.require_valid()
    assert caught.value.code == "swapped"
    assert "Swap them back" in caught.value.remedy
    shown = f"{caught.value} {caught.value.findings}"
    assert not [secret for secret in ("S" * 86, "K" * 86, "P" * 86) if secret in shown]


@pytest.mark.parametrize("kind", ["web", "ios", "android", "windows"])
def test_an_app_that_signs_on_a_person_is_told_from_one_that_signs_on_itself(kind: str) -> None:
    """Web and Mobile apps have a redirect URL and no service account, whatever their scheme."""
    url = "https://acme.example/back" if kind == "web" else f"acme-{kind}://back"
    file = parsed(saak=None, sask=None, ru=url)
    assert file.kind is Kind.WEB
    assert errors_of(saak=None, sask=None, ru=url) == {("web_app", "ru")}


def test_a_file_that_was_edited_by_hand_is_read_by_what_it_says() -> None:
    """Other order, other layout, empty keys and texts around it change nothing."""
    usual = content()
    by_hand = {key: usual[key] for key in reversed(usual)} | {"ru": "", "sc": None, "note": "mine"}
    file = IonApiFile.parse(json.dumps(by_hand, indent=4) + "\n\n")
    assert file.validate() == []
    assert (file.ci, file.saak, file.extra) == (parsed().ci, parsed().saak, {"note": "mine"})
