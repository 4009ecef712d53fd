from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ionport
from ionport.core import i18n
from ionport.identity.model import AuditAction, UserAction
from ionport.oauth.apps.model import AppAction
from ionport.web.rendering.trail import SHOWN_ACTIONS

FOLDER = Path(ionport.__file__).parent
BASE = AuditAction.__name__


def test_an_action_is_its_machine_name_and_has_words() -> None:
    assert AppAction("app.created") is AppAction.CREATED
    assert str(AppAction.CREATED) == f"{AppAction.CREATED}" == "app.created"
    assert AppAction.CREATED.label == "App added"


def test_the_words_are_translated_when_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ionport.identity.model.gettext", lambda text: f"<{text}>")
    assert UserAction.CREATED.label == "<User added>"
    assert i18n.N_("User added") == "User added"


def test_a_history_has_words_for_the_actions_of_every_service() -> None:
    # By module too: two classes of one name are two.
    declared = {
        (".".join(path.relative_to(FOLDER.parent).with_suffix("").parts), node.name)
        for path in FOLDER.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and [ast.unparse(b) for b in node.bases] == [BASE]
    }
    assert {(action.__module__, action.__name__) for action in SHOWN_ACTIONS} == declared
