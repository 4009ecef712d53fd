from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from ionport.gateway.targets.security import OpenedSecurity, SecurityType
from ionport.gateway.targets.signing import (
    form_pairs,
    hmac_signature,
    jwt,
    oauth1_header,
    signature_base,
    wrong_jwt_key,
)


def test_the_base_string_is_that_of_rfc_5849_section_3_4_1() -> None:
    form = form_pairs(b"c2&a3=2+q")
    protocol = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
    ]
    base = signature_base(
        "post", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", [*protocol, *form]
    )
    assert base == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q"
        "%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_"
        "key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_m"
        "ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk"
        "9d7dh3k39sjv7"
    )


def test_the_signature_is_that_of_rfc_5849_section_1_2() -> None:
    base = signature_base(
        "GET",
        "http://photos.example.net/photos?file=vacation.jpg&size=original",
        [
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
        ],
    )
    signature = hmac_signature(base, "HMAC-SHA1", "kd94hf93k423kf44", "pfkkdhi9sl3r4s00")
    assert signature == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


def test_a_port_that_is_not_the_default_is_signed() -> None:
    assert "%3A8080%2F" in signature_base("GET", "http://example.com:8080", [])
    assert "%5B%3A%3A1%5D%3A8080%2F" in signature_base("GET", "http://[::1]:8080/", [])


def test_a_zero_legged_header_names_no_token() -> None:
    values = {"algorithm": "HMAC-SHA256", "access_key": "key", "secret_key": "secret"}
    security = OpenedSecurity(SecurityType.OAUTH1, values)
    header = oauth1_header("GET", "https://a/b", [], security, nonce="n", timestamp=7)
    assert header.startswith('OAuth oauth_consumer_key="key", oauth_nonce="n"')
    assert "oauth_token" not in header
    assert "secret" not in header.replace("oauth_signature", "")


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _jwt_security(algorithm: str, key: str, key_id: str = "") -> OpenedSecurity:
    values = {
        "algorithm": algorithm,
        "key": key,
        "key_id": key_id,
        "payload": '{"iss": "us", "aud": "them"}',
        "expiration_seconds": "300",
    }
    return OpenedSecurity(SecurityType.JWT, values)


def test_a_jwt_carries_the_payload_and_its_life(private_key: rsa.RSAPrivateKey) -> None:
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    text = jwt(_jwt_security("RS384", pem, "k7"), now=1000)
    public = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    read = jws.deserialize_compact(text, RSAKey.import_key(public.decode()), algorithms=["RS384"])
    assert read.protected == {"typ": "JWT", "alg": "RS384", "kid": "k7"}
    assert json.loads(read.payload) == {"iss": "us", "aud": "them", "iat": 1000, "exp": 1300}


def test_a_shared_key_signs_too() -> None:
    key = "k" * 32
    text = jwt(_jwt_security("HS256", key), now=1000)
    read = jws.deserialize_compact(text, OctKey.import_key(key), algorithms=["HS256"])
    assert "kid" not in read.protected


def test_keys_that_cannot_sign_are_refused(private_key: rsa.RSAPrivateKey) -> None:
    public = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    short = rsa.generate_private_key(65537, 1024).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for key in ("no key", public.decode(), short.decode(), base64.b64encode(short).decode()):
        assert wrong_jwt_key(_jwt_security("RS256", key))
    assert wrong_jwt_key(_jwt_security("HS256", "short"))
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert wrong_jwt_key(_jwt_security("RS512", pem)) is None


def test_forms_keep_what_is_no_utf8() -> None:
    assert form_pairs(b"a=%E9&b=%C3%A9&&c") == [("a", "\xe9"), ("b", "\xe9"), ("c", "")]
