from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ionport
from ionport.core import i18n
from ionport.identity.model import UserAction
from ionport.oauth.apps.model import AppAction

FOLDER = Path(ionport.__file__).parent


def test_an_action_is_its_machine_name_and_has_words() -> None:
    assert AppAction("app.created") is AppAction.CREATED
    assert str(AppAction.CREATED) == f"{AppAction.CREATED}" == "app.created"
    assert AppAction.CREATED.label == "App added"


def test_the_words_are_translated_when_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ionport.identity.model.gettext", lambda text: f"<{text}>")
    assert UserAction.CREATED.label == "<User added>"
    assert i18n.N_("User added") == "User added"


@pytest.mark.parametrize(
    "side", ["connections", "exports", "gateway", "identity", "mappings", "oauth", "sandbox"]
)
def test_every_recorded_action_is_a_member_of_an_enum(side: str) -> None:
    for path in (FOLDER / side).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("audit.record")):
                continue
            action = node.args[3]
            assert not isinstance(action, ast.Constant), f"{path}:{node.lineno}"
