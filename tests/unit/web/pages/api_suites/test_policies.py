from __future__ import annotations

import re
from html import unescape

import pytest

from ionport.gateway.policies.model import sample_policy
from ionport.gateway.suites.model import PolicyType
from tests.support.web import said
from tests.support.whole import Site
from tests.unit.web.pages.api_suites.test_suites import endpoint_path, suite_path

QUOTA = sample_policy(PolicyType.QUOTA)


def places(site: Site) -> list[str]:
    """The pages of policies of a suite and of its endpoint."""
    suite = suite_path(site)
    return [f"{suite}/policies", f"{endpoint_path(site, suite)}/policies"]


def test_a_policy_is_added_to_a_suite_and_to_an_endpoint(site: Site) -> None:
    for place in places(site):
        assert "No policy yet" in site.browser.get(place).text
        fields = {"type": "quota", "name": "A quota", "flow": "REQUEST", "definition": QUOTA}
        page = site.browser.send(f"{place}/add", fields)
        assert page.url.path == place
        text = said(page.text)
        assert "The policy A quota is saved" in text
        assert "Mediation Request enabled" in text
        assert "Policy added" in text


@pytest.mark.parametrize("kind", list(PolicyType))
def test_the_template_of_each_type_is_saved_as_it_is(site: Site, kind: PolicyType) -> None:
    place, _other = places(site)
    form = site.browser.get(f"{place}/add?type={kind.value}").text
    found = re.search(r'<textarea[^>]*id="definition"[^>]*>(.*?)</textarea>', form, re.DOTALL)
    assert found is not None
    definition = unescape(found[1])
    assert definition == sample_policy(kind)
    fields = {"type": kind.value, "name": "N", "flow": "REQUEST", "definition": definition}
    assert "is saved" in said(site.browser.send(f"{place}/add", fields).text)


def test_a_template_replaces_the_definition_and_nothing_else(site: Site) -> None:
    place, _other = places(site)
    fields = {"type": "header", "name": "Typed", "flow": "RESPONSE", "definition": "old"}
    page = site.browser.send(f"{place}/add", {**fields, "action": "template"}).text
    assert unescape(page).count(sample_policy(PolicyType.HEADER)) == 1
    assert 'value="Typed"' in page
    assert '<option value="RESPONSE" selected>' in page
    assert "No policy yet" in site.browser.get(place).text


def test_a_mistake_is_told_with_line_and_column_and_the_text_stays(site: Site) -> None:
    for place in places(site):
        wrong = QUOTA.replace("<interval>1</interval>", "<interval>often</interval>")
        fields = {"type": "quota", "name": "N", "flow": "REQUEST", "definition": wrong}
        answer = site.browser.send(f"{place}/add", fields)
        assert answer.status_code == 422
        assert 'id="definition-error"' in answer.text
        assert "line 3, column 3" in said(answer.text)
        assert wrong in unescape(answer.text)
        assert "3 |   <interval>often</interval>\n      ^" in unescape(answer.text)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"flow": "RESPONSE"}, "flow"),
        ({"flow": "SIDEWAYS"}, "flow"),
        ({"definition": ""}, "definition"),
        ({"definition": "<quota>"}, "definition"),
        ({"definition": "<quota>\n" + "x" * 300 + "&"}, "definition"),
        ({"definition": '<!DOCTYPE a [<!ENTITY b "c">]><a/>'}, "definition"),
    ],
)
def test_every_mistake_is_shown_beside_its_field(
    site: Site, changes: dict[str, str], field: str
) -> None:
    place, _other = places(site)
    fields = {"type": "quota", "name": "N", "flow": "REQUEST", "definition": QUOTA}
    answer = site.browser.send(f"{place}/add", {**fields, **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_policy_is_edited_and_its_type_stays(site: Site) -> None:
    for place in places(site):
        fields = {"type": "quota", "name": "N", "flow": "REQUEST", "definition": QUOTA}
        page = site.browser.send(f"{place}/add", fields).text
        edit = re.search(r"/ion-api/\S+/policies/pol_\w+/edit", page)
        assert edit is not None
        form = site.browser.get(edit[0]).text
        assert QUOTA in unescape(form)
        off = QUOTA.replace('enabled="true"', 'enabled="false"')
        page = site.browser.send(edit[0], {**fields, "type": "header", "definition": off}).text
        assert "Quota Mediation Request disabled" in said(page)
        wrong = site.browser.send(edit[0], {**fields, "definition": "<x/>"})
        assert wrong.status_code == 422
        assert "line 1, column 1" in said(wrong.text)
        again = site.browser.send(edit[0], {**fields, "definition": "x", "action": "template"})
        assert QUOTA in unescape(again.text)


def test_a_policy_is_deleted_after_its_consequence_was_told(site: Site) -> None:
    suite, endpoint = places(site)
    fields = {"type": "quota", "name": "Mine", "flow": "REQUEST", "definition": QUOTA}
    page = site.browser.send(f"{endpoint}/add", fields).text
    delete = re.search(r"/ion-api/\S+/policies/pol_\w+/delete", page)
    assert delete is not None
    assert "no longer counted" in said(site.browser.get(delete[0]).text)
    other_suite = suite_path(site, context="Other")
    elsewhere = delete[0].replace(suite.removesuffix("/policies"), other_suite)
    assert site.browser.get(elsewhere).status_code == 404
    answer = site.browser.send(delete[0])
    assert answer.url.path == endpoint
    assert "The policy Mine is deleted." in said(answer.text)
    assert "Policy deleted: Mine" in said(answer.text)
