"""Steps that several forms share: the password typed again, a new password typed twice."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from ionport.core.errors import InvalidInput, TooManyRequests, refuse_wrong
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


def typed_twice(request: Request, name: str) -> Secret:
    """Return a new password, from the field `name`.

    Raises InvalidInput where it is no good, or `repeated` is another one; for both at once.
    """
    visit = visit_of(request)
    password, wrong = secret_of(visit.form, name), dict[str, str]()
    try:
        visit.services.identity.check_password(password)
    except InvalidInput as error:
        wrong[name] = error.text
    if password != secret_of(visit.form, "repeated"):
        wrong["repeated"] = _("The two passwords differ.")
    refuse_wrong(wrong, " ".join(wrong.values()))
    return password
