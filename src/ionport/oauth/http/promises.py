"""The endpoints of a tenant's authorization server as OpenAPI 3.1 describes them.

The table in `routes` names one of these with each endpoint for machines; tests hold the server to
them. It is not served.
"""

from __future__ import annotations

from typing import Final

from ionport.core.http.openapi import Json, json_content
from ionport.oauth.clients.assertions import ASSERTION_TYPE
from ionport.oauth.grants import GRANTS

_FORM: Final = "application/x-www-form-urlencoded"
_TEXT: Final[Json] = {"type": "string"}
_SECONDS: Final[Json] = {"type": "integer", "minimum": 0}
_TEXTS: Final[Json] = {"type": "array", "items": _TEXT, "minItems": 1, "uniqueItems": True}
_URL: Final[Json] = {"type": "string", "pattern": "^https?://"}

# RFC 6749 §2.3, RFC 7521 §4.2; any of them may be missing where Basic says it.
_CLIENT: Final[Json] = {
    "client_id": _TEXT,
    "client_secret": _TEXT,
    "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
    "client_assertion": _TEXT,
}
_TOKEN_REQUEST: Final[Json] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": list(GRANTS)},
        **dict.fromkeys(("username", "password", "scope"), _TEXT),
        **dict.fromkeys(("code", "code_verifier", "redirect_uri"), _TEXT),
        **dict.fromkeys(("refresh_token", "assertion"), _TEXT),
        **_CLIENT,
    },
}
_TOKEN_QUESTION: Final[Json] = {
    "type": "object",
    "required": ["token"],
    "properties": {"token": _TEXT, "token_type_hint": _TEXT, **_CLIENT},
}
_TOKEN_ANSWER: Final[Json] = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in"],
    "properties": {
        "access_token": _TEXT,
        "token_type": {"const": "Bearer"},
        "expires_in": _SECONDS,
        "refresh_token": _TEXT,
        "scope": _TEXT,
    },
}
_INTROSPECTION_ANSWER: Final[Json] = {
    "type": "object",
    "required": ["active"],
    "properties": {
        "active": {"type": "boolean"},
        **dict.fromkeys(("client_id", "scope", "token_type", "iss", "sub", "jti"), _TEXT),
        **dict.fromkeys(("exp", "iat", "nbf"), _SECONDS),
    },
    # RFC 7662 §2.2: nothing else is said about a token that is not active.
    "if": {"properties": {"active": {"const": False}}},
    "then": {"maxProperties": 1},
}
_ERROR: Final[Json] = {
    "type": "object",
    "required": ["error", "error_description"],
    # The characters of RFC 6749 §5.2.
    "properties": {
        "error": {"type": "string", "pattern": "^[a-z_]+$"},
        "error_description": {"type": "string", "pattern": r"^[\x20-\x21\x23-\x5b\x5d-\x7e]+$"},
    },
    "additionalProperties": False,
}
_KEY_SET: Final[Json] = {
    "type": "object",
    "required": ["keys"],
    "properties": {
        "keys": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["kty", "kid", "n", "e"],
                "properties": {
                    "kty": {"const": "RSA"},
                    "use": {"const": "sig"},
                    "alg": {"const": "RS256"},
                    **dict.fromkeys(("kid", "n", "e"), _TEXT),
                },
                # No part of a private key may be listed here.
                "additionalProperties": False,
            },
        }
    },
}
_METADATA: Final[Json] = {
    "type": "object",
    "required": ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"],
    "properties": {
        **dict.fromkeys(("issuer", "authorization_endpoint", "token_endpoint"), _URL),
        **dict.fromkeys(("revocation_endpoint", "introspection_endpoint", "jwks_uri"), _URL),
        **dict.fromkeys(("response_types_supported", "grant_types_supported"), _TEXTS),
        "code_challenge_methods_supported": {"const": ["S256"]},
        "authorization_response_iss_parameter_supported": {"const": True},
    },
}


def _operation(form: Json, answer: Json | None) -> Json:
    """Return an endpoint that reads a form from a client (RFC 6749 §3.2, RFC 7009, RFC 7662)."""
    refused = _response("Refused", _ERROR)
    challenged = _response("The client did not prove itself", _ERROR)
    challenged["headers"]["WWW-Authenticate"] = {"required": True, "schema": _TEXT}
    limited = _response("Too many tokens", _ERROR)
    limited["headers"]["Retry-After"] = {"required": True, "schema": _SECONDS}
    return {
        "security": [{"basic": []}, {}],
        "requestBody": {"required": True, "content": {_FORM: {"schema": form}}},
        "responses": {
            "200": _response("Done", answer),
            "400": refused,
            "401": challenged,
            "413": refused,
            "429": limited,
        },
    }


def _in_query(operation: Json) -> Json:
    """Return the same endpoint with its parameters in the query string."""
    form = operation["requestBody"]["content"][_FORM]["schema"]
    parameters = [
        {"name": name, "in": "query", "required": name in form["required"], "schema": schema}
        for name, schema in form["properties"].items()
    ]
    rest = {name: value for name, value in operation.items() if name != "requestBody"}
    return {**rest, "parameters": parameters}


def _response(text: str, answer: Json | None) -> Json:
    """Return an answer that no cache may keep (RFC 6749 §5.1)."""
    no_store = {"required": True, "schema": {"type": "string", "const": "no-store"}}
    response: Json = {"description": text, "headers": {"Cache-Control": no_store}}
    if answer is not None:
        response["content"] = json_content(answer)
    return response


def _document(schema: Json) -> Json:
    answer = {"description": "The document", "content": json_content(schema)}
    return {"responses": {"200": answer}}


TOKEN: Final = _operation(_TOKEN_REQUEST, _TOKEN_ANSWER)
INTROSPECTION: Final = _operation(_TOKEN_QUESTION, _INTROSPECTION_ANSWER)
REVOCATION: Final = _operation(_TOKEN_QUESTION, {"type": "object", "maxProperties": 0})
REVOCATION_BY_GET: Final = _in_query(REVOCATION)
KEY_SET: Final = _document(_KEY_SET)
METADATA: Final = _document(_METADATA)
