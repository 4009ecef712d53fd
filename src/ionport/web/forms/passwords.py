"""Steps that several forms share: the password typed again, a new password typed twice."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.requests import Request

from ionport.core.errors import InvalidInput, TooManyRequests
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.model import PasswordProof
from ionport.web.forms.fields import errors_of, secret_of
from ionport.web.state import visit_of


def password_proof(request: Request) -> PasswordProof:
    """Check the visitor's own password, in the field `password` of the form.

    Raises:
        InvalidInput: it is wrong (field `password`).
        TooManyRequests: too many attempts.
    """
    visit = visit_of(request)
    return visit.services.sessions.verify_password(
        visit.services.database, visit.actor, secret_of(visit.form, "password")
    )


def password_errors(error: InvalidInput | TooManyRequests) -> Mapping[str, str]:
    """Return what to show beside the fields of a form that asks for the password."""
    return errors_of(error) if isinstance(error, InvalidInput) else {"": error.text}


def typed_twice(form: FormData, name: str) -> Secret:
    """Return a new password; raises InvalidInput unless `repeated` is the same."""
    password = secret_of(form, name)
    if password != secret_of(form, "repeated"):
        text = _("The two passwords differ.")
        raise InvalidInput(text, fields={"repeated": text})
    return password


def hashed(request: Request, password: Secret, name: str) -> str:
    """Return a new password's hash; raises InvalidInput on field `name` when it is no good."""
    try:
        return visit_of(request).services.identity.hash_password(password)
    except InvalidInput as error:
        raise InvalidInput(error.text, fields={name: error.text}) from error
