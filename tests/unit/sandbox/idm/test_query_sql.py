"""A search as SQL finds what its meaning says, on every database."""

from __future__ import annotations

import operator
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType, canonical
from ionport.sandbox.idm.datamodel.model import Acl, AttributeDefinition, Entity
from ionport.sandbox.idm.model import Attribute, Item, Resource
from ionport.sandbox.idm.query.model import (
    Comparison,
    Condition,
    Every,
    Intersection,
    ItemSet,
    Not,
    Path,
    Query,
    Sign,
    Some,
    Sort,
    Union,
)
from ionport.sandbox.idm.query.parser import parse_query
from ionport.sandbox.idm.repository import ItemRepository
from ionport.store import Database, TenantScope
from tests.conftest import ALL_DATABASES
from tests.support.databases import with_schema
from tests.support.examples import example_count

pytestmark = pytest.mark.on_each_database

SCOPE = TenantScope("ACME_TST")
OTHER_SCOPE = TenantScope("OTHER_TST")
START = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
VALUES: Mapping[str, tuple[AttributeType, Sequence[str]]] = {
    "Text": (
        AttributeType.STRING,
        ["", "a", "A", "ab", "a_b", "a%b", "Ä", "ä", "z", "a*b", "a[b]", "a?b", "a\\b", "a\nb"],
    ),
    "Short": (AttributeType.SHORT, ["", "-32768", "-2", "0", "9", "10", "100"]),
    "Amount": (AttributeType.DECIMAL, ["-10.5", "-9", "0.00", "9.9", "9.90", "10", "100.01"]),
    "Day": (AttributeType.DATE, ["", "2019-12-31", "2020-01-01", "2020-10-01"]),
    "At": (
        AttributeType.TIMESTAMP,
        ["2020-01-01T00:00:00Z", "2020-01-01T01:00:00+02:00", "2020-01-01T00:00:00.5Z"],
    ),
    "Yes": (AttributeType.BOOLEAN, ["0", "1"]),
}
ENTITIES = {
    name: Entity(
        name,
        name,
        {key: AttributeDefinition(key, key, type_) for key, (type_, _values) in VALUES.items()},
        (Acl("Public"),),
        "Public",
    )
    for name in ("First", "Second")
}
USERS = ["ann", "Bob", "Ärger"]
FILES = ["a.pdf", "A.PDF", "b_1.xml"]


def _made(number: int) -> Item:
    """Return an item with values by chance, the same for every run; some have several."""
    chance = random.Random(number)
    attributes = []
    for name, (_type, values) in VALUES.items():
        for _again in range(chance.choice([0, 1, 1, 1, 2])):
            attributes.append(Attribute(name, chance.choice(list(values))))
    file = chance.choice([None, *FILES])
    files = (Resource("", file, "text/plain", chance.randrange(30), "0" * 64),) if file else ()
    is_out = chance.random() < 0.3
    return Item(
        number=0,
        tenant_id=SCOPE.tenant_id,
        entity_name=chance.choice(list(ENTITIES)),
        version=0,
        acl="Public",
        attributes=tuple(attributes),
        resources=files,
        created_by=chance.choice(USERS),
        created_at=START,
        changed_by=chance.choice(USERS),
        changed_at=START + timedelta(minutes=chance.randrange(4)),
        checked_out_by=chance.choice(USERS) if is_out else None,
        checked_out_at=START if is_out else None,
    )


class Store:
    """Sixty items of two document types in a database, and the same in a list."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as work:
            items = ItemRepository(work.connection)
            self.items = [
                items.add(SCOPE, made, ENTITIES[made.entity_name]) for made in map(_made, range(60))
            ]
            other = replace(self.items[0], tenant_id=OTHER_SCOPE.tenant_id)
            items.add(OTHER_SCOPE, other, ENTITIES[other.entity_name])

    def search(self, query: Query, offset: int = 0, limit: int = 1000) -> list[int]:
        with self.database.read() as work:
            items = ItemRepository(work.connection)
            found = items.search(SCOPE, query, ENTITIES, offset, limit)
            if limit == 1000:
                assert items.count(SCOPE, query, ENTITIES) == len(found)
        return [item.number for item in found]


@pytest.fixture(scope="module", params=ALL_DATABASES)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    folder: FilePath = tmp_path_factory.mktemp("store")
    database = with_schema(request.param, folder)
    yield Store(database)
    database.close()


BUILT_IN: Mapping[str, tuple[AttributeType, Callable[[Item], object]]] = {
    "RESOURCENAME": (
        AttributeType.STRING,
        lambda item: item.main_resource.filename if item.main_resource else None,
    ),
    "RESOURCESIZE": (
        AttributeType.LONG,
        lambda item: item.main_resource.size if item.main_resource else None,
    ),
    "MDS_ID": (AttributeType.STRING, lambda item: str(item.number)),
    "CREATEUSERID": (AttributeType.STRING, lambda item: item.created_by),
    "LASTCHANGEDTS": (AttributeType.TIMESTAMP, lambda item: item.changed_at),
    "CHECKEDOUTUSERID": (AttributeType.STRING, lambda item: item.checked_out_by),
    "CHECKEDOUTTS": (AttributeType.TIMESTAMP, lambda item: item.checked_out_at),
}
_COMPARE: Mapping[Sign, Callable[[Any, Any], bool]] = {
    Sign.EQUAL: operator.eq,
    Sign.NOT_EQUAL: operator.ne,
    Sign.LESS: operator.lt,
    Sign.AT_MOST: operator.le,
    Sign.MORE: operator.gt,
    Sign.AT_LEAST: operator.ge,
}


def _meaning(type_: AttributeType, text: str) -> Any:
    if type_ in (AttributeType.SHORT, AttributeType.LONG, AttributeType.DECIMAL):
        return Decimal(text)
    return datetime.fromisoformat(text) if type_ is AttributeType.TIMESTAMP else text


def _values(item: Item, name: str) -> tuple[AttributeType, list[Any]]:
    """The values that are not empty, as what they mean."""
    if name in BUILT_IN:
        type_, read = BUILT_IN[name]
        value = read(item)
        return type_, [] if value is None else [value]
    type_ = VALUES[name][0]
    texts = [each.value for each in item.attributes if each.name == name and each.value]
    return type_, [_meaning(type_, text) for text in texts]


def meets(item: Item, condition: Condition) -> bool:
    """What a condition means, said plainly."""
    if isinstance(condition, Not):
        return not meets(item, condition.condition)
    if isinstance(condition, Every):
        return all(meets(item, each) for each in condition.conditions)
    if isinstance(condition, Some):
        return any(meets(item, each) for each in condition.conditions)
    name, sign = condition.attribute, condition.sign
    type_, values = _values(item, name)
    if sign is Sign.IS_NULL:
        return not values
    if sign is Sign.IS_NOT_NULL:
        return bool(values)
    if sign in (Sign.LIKE, Sign.NOT_LIKE, Sign.CONTAINS):
        texts = [each.value for each in item.attributes if each.name == name and each.value]
        texts = [str(value) for value in values] if name in BUILT_IN else texts
        if sign is Sign.CONTAINS:
            return any(condition.value.lower() in text.lower() for text in texts)
        return any(_like(text, condition.value) == (sign is Sign.LIKE) for text in texts)
    if condition.value == "":
        empty = any(each.name == name and each.value == "" for each in item.attributes)
        return empty if sign is Sign.EQUAL else bool(values)
    wanted = _meaning(type_, canonical(type_, condition.value) or "")
    return any(_COMPARE[sign](value, wanted) for value in values)


def _like(text: str, pattern: str) -> bool:
    regex = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def belongs(item: Item, items: ItemSet) -> bool:
    if isinstance(items, Path):
        return item.entity_name == items.entity_name and meets(item, items.condition)
    joined = all if isinstance(items, Intersection) else any
    return joined(belongs(item, each) for each in items.sets)


PATTERNS = [
    "%",
    "_",
    "a%",
    "%b",
    "a_b",
    "A%",
    "%*%",
    "%[%",
    "a\\%",
    "%Ä%",
    "%.pdf",
    "",
    "a%b%",
    "1%",
]


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    name = draw(st.sampled_from([*VALUES, *BUILT_IN]))
    type_ = VALUES[name][0] if name in VALUES else BUILT_IN[name][0]
    sign = draw(st.sampled_from(Sign))
    if sign in (Sign.LIKE, Sign.NOT_LIKE, Sign.CONTAINS):
        if name in BUILT_IN and type_ is not AttributeType.STRING:
            return Comparison(name, Sign.IS_NULL)
        return Comparison(name, sign, draw(st.sampled_from(PATTERNS)))
    if sign in (Sign.IS_NULL, Sign.IS_NOT_NULL):
        return Comparison(name, sign)
    if name in VALUES:
        texts = VALUES[name][1]
        if sign not in (Sign.EQUAL, Sign.NOT_EQUAL):
            texts = [text for text in texts if text]
    elif type_ is AttributeType.STRING:
        texts = [*USERS, *FILES, "7", "10"]
    else:
        texts = ["10", "7"] if type_ is AttributeType.LONG else ["2026-03-05T10:01:00Z"]
    return Comparison(name, sign, draw(st.sampled_from(list(texts))))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    comparisons(),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(Every, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Some, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
SETS: st.SearchStrategy[ItemSet] = st.recursive(
    st.builds(Path, st.sampled_from(list(ENTITIES)), CONDITIONS),
    lambda inner: (
        st.builds(Union, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Intersection, st.lists(inner, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=4,
)


@settings(
    max_examples=example_count(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(items=SETS)
def test_a_search_finds_what_it_means(store: Store, items: ItemSet) -> None:
    expected = [item.number for item in store.items if belongs(item, items)]
    assert store.search(Query(items)) == expected


@settings(
    max_examples=example_count(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from([*VALUES, *BUILT_IN]), descending=st.booleans())
def test_a_search_is_in_the_order_asked_for_and_without_a_value_comes_last(
    store: Store, name: str, *, descending: bool
) -> None:
    def key(item: Item) -> Any:
        _type, values = _values(item, name)
        return values[0]

    have = [item for item in store.items if _values(item, name)[1]]
    expected = [key(item) for item in sorted(have, key=key, reverse=descending)]
    by_number = {item.number: item for item in store.items}
    query = Query(Union((Path("First"), Path("Second"))), (Sort(name, descending=descending),))
    found = [by_number[number] for number in store.search(query)]
    assert len(found) == len(store.items)
    assert [key(item) for item in found[: len(have)]] == expected


def test_of_equals_the_oldest_comes_first_and_pages_do_not_overlap(store: Store) -> None:
    query = parse_query("/First UNION /Second SORTBY(@LASTCHANGEDTS DESCENDING)")
    whole = store.search(query)
    changed = {item.number: item.changed_at for item in store.items}
    assert whole == sorted(changed, key=lambda number: (-changed[number].timestamp(), number))
    pages = [store.search(query, offset, 7) for offset in range(0, 63, 7)]
    assert [number for page in pages for number in page] == whole


def test_another_tenants_items_are_not_found(store: Store) -> None:
    everything = Query(Union((Path("First"), Path("Second"))))
    assert len(store.search(everything)) == len(store.items)
    with store.database.read() as work:
        items = ItemRepository(work.connection)
        assert items.count(OTHER_SCOPE, everything, ENTITIES) == 1


@pytest.mark.parametrize(
    "value", ["' OR 1=1 --", '"; DROP TABLE idm_items', "%' OR '%'='", "\\", "{}", ":x", "%(x)s"]
)
def test_what_looks_like_sql_is_a_value(store: Store, value: str) -> None:
    for sign in (Sign.EQUAL, Sign.LESS, Sign.LIKE):
        for name in ("Text", "RESOURCENAME"):
            condition = Comparison(name, sign, value)
            expected = [i.number for i in store.items if belongs(i, Path("First", condition))]
            assert store.search(Query(Path("First", condition))) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("/Third", "unknown_entity"),
        ("/First UNION /Third", "unknown_entity"),
        ('/First[@Nothing = "x"]', "unknown_attribute"),
        ("/First SORTBY(@Nothing)", "unknown_attribute"),
        ('/First[@Short = "x"]', "wrong_attribute_type"),
        ('/First[@Day > "yesterday"]', "wrong_attribute_type"),
        ('/First[@LASTCHANGEDTS > "yesterday"]', "wrong_attribute_type"),
        ('/First[@RESOURCESIZE LIKE "1%"]', "wrong_attribute_type"),
    ],
)
def test_what_the_data_model_does_not_have_is_refused(store: Store, query: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        store.search(parse_query(query))
    assert caught.value.code == code


def test_the_largest_query_is_answered(store: Store) -> None:
    deep: Condition = Comparison("Text", Sign.EQUAL, "a")
    for number in range(49):
        next_one = Comparison("Short", Sign.EQUAL, str(number))
        deep = Some((deep, next_one)) if number % 2 else Every((deep, next_one))
    wide = Union(tuple(Path("First", deep) for _number in range(3)))
    for items in (Path("First", deep), wide):
        assert store.search(Query(items)) == [
            item.number for item in store.items if belongs(item, items)
        ]
