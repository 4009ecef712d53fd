from __future__ import annotations

from pathlib import Path

import pytest

from tools.rules import check_python, check_template, check_tree


def _rules(name: str, source: str) -> list[str]:
    check = check_template if name.endswith(".html") else check_python
    return [violation.rule for violation in check(Path(name), source)]


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        (
            "oauth/apps/repository.py",
            "class AppRepository:\n    def get(self, app_id): ...\n",
            "unscoped-repository-method",
        ),
        (
            "oauth/grants/repository.py",
            "class GrantRepository:\n    def get(self, grant_id): ...\n",
            "unscoped-repository-method",
        ),
        (
            "oauth/apps/repository.py",
            "class ARepository:\n    def get(self, scope, id): return id\n",
            "unused-scope",
        ),
        (
            "oauth/apps/repository.py",
            "class ARepository:\n    def get(self, scope: S, id): return isinstance(scope, S)\n",
            "unused-scope",
        ),
        (
            "oauth/apps/repository.py",
            (
                "class ARepository:\n"
                "    def get(self, scope: T, id): return self._get(id, of=scope)\n"
                "    def _get(self, id, of): return _row(of, id)\n"
                "def _row(scope, id): return id\n"
            ),
            "unused-scope",
        ),
        (
            "oauth/apps/repository.py",
            "class ARepository:\n    def get(self, scope: T, id):  # scope unused:\n        ...\n",
            "unused-scope",
        ),
        ("oauth/apps/service.py", "SystemScope(' ')", "system-scope-without-reason"),
        (
            "oauth/apps/service.py",
            "class S:\n    def get(self, work: Work, scope: TenantScope, id): ...\n",
            "scope-beside-work",
        ),
        (
            "oauth/apps/service.py",
            (
                "from ionport.core import xml\n"
                "def keep(access: Access[TenantScope], body): xml.parse(body)\n"
            ),
            "slow-in-transaction",
        ),
        (
            "oauth/apps/service.py",
            "class S:\n    def keep(self, access: ScopedWork[T], body): self._blobs.put(body)\n",
            "slow-in-transaction",
        ),
        (
            "web/pages/page.py",
            "def show(visit, scope):\n    with visit.write(scope) as access: prepare_it(access)\n",
            "slow-in-transaction",
        ),
        (
            "exports/service.py",
            "import httpx2\ndef fetch(work: Work): httpx2.get('https://x')\n",
            "slow-in-transaction",
        ),
        (
            "exports/service.py",
            "def keep(database, key):\n    with database.write() as work: self._key.sign(b'')\n",
            "slow-in-transaction",
        ),
        (
            "exports/service.py",
            (
                "class S:\n"
                "    def keep(self, work: Work, body): self._kept(body)\n"
                "    def _kept(self, body): self._kept(body); blobs.put(body)\n"
            ),
            "slow-in-transaction",
        ),
        (
            "documents/x.py",
            "from lxml import etree\netree.fromstring(b'')",
            "xml-parser-outside-its-module",
        ),
        ("documents/x.py", "from lxml.etree import parse", "xml-parser-outside-its-module"),
        ("documents/x.py", "import xml.etree.ElementTree as ET", "xml-parser-outside-its-module"),
        ("documents/x.py", "from xml.etree import ElementTree", "xml-parser-outside-its-module"),
        ("templates/a.html", "<p>Hello</p>", "untranslated-text"),
        ("templates/a.html", "<p>{{ _('Hello') }}</p>\n<b>there</b>", "untranslated-text"),
        ("templates/a.html", '<input placeholder="Name">', "untranslated-text"),
        ("templates/a.html", '<p style="color:red"></p>', "inline-style-or-script"),
        ("templates/a.html", "<script>alert(1)</script>", "inline-style-or-script"),
        ("templates/a.html", '<a onclick="x()"></a>', "inline-style-or-script"),
    ],
)
def test_a_broken_rule_is_found(name: str, source: str, rule: str) -> None:
    assert _rules(name, source) == [rule]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "oauth/apps/repository.py",
            "class ARepository:\n    def get(self, scope, id): scope.x\n    def _row(self): ...\n",
        ),
        (
            "oauth/apps/repository.py",
            (
                "class ARepository:\n"
                "    def get(self, scope: T, id): return self._get(id, of=scope)\n"
                "    def put(self, scope: T, id): return elsewhere(scope)\n"
                "    def _get(self, id, of): return _row(of, id)\n"
                "def _row(scope, id): return scope.tenant_id\n"
            ),
        ),
        (
            "oauth/apps/repository.py",
            (
                "class ARepository:\n"
                "    def all(self, scope: SystemScope): ...\n"
                "    def drop(self, scope: T):\n"
                "        # scope unused: the query is in the caller's scope\n"
                "        ...\n"
            ),
        ),
        ("oauth/apps/service.py", "SystemScope('sign-in')"),
        (
            "oauth/apps/service.py",
            (
                "class S:\n"
                "    def get(self, access: Access[TenantScope], id): self.rows(access.work, id)\n"
                "    def rows(self, work: Work, id): ...\n"
                "    def prove(self, database, scope: TenantScope): ...\n"
            ),
        ),
        (
            "exports/service.py",
            (
                "def prepare_it(content): blobs.put(content)\n"
                "def keep(database, content):\n"
                "    prepared = prepare_it(content)\n"
                "    with database.write() as work: store(work, prepared)\n"
                "def later(work: Work): return lambda: blobs.put(b'')\n"
                "def small(work: Work):\n"
                "    # within the transaction: the file is named after the row\n"
                "    blobs.put(b'')\n"
            ),
        ),
        ("core/xml.py", "from lxml import etree\netree.fromstring(b'')"),
        ("mappings/idm.py", "from lxml import etree\netree.SubElement(etree.Element('a'), 'b')"),
        ("templates/a.html", "<p>{% trans %}Hello <b>you</b>{% endtrans %} {{ name }} - 1</p>"),
        (
            "templates/a.html",
            '<input placeholder="{{ _(\'Name\') }}"><script src="/a.js"></script>',
        ),
    ],
)
def test_clean_code_passes(name: str, source: str) -> None:
    assert _rules(name, source) == []


def test_ionport_itself_keeps_the_rules() -> None:
    assert check_tree(Path(__file__).parents[3] / "src" / "ionport") == []
