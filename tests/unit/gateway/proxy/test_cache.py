from __future__ import annotations

from ionport.gateway.proxy.cache import CachedResponse, ResponseCache


def _response(body: bytes, expires_at: float = 200.0) -> CachedResponse:
    return CachedResponse(200, (), body, stored_at=100.0, expires_at=expires_at)


def test_a_kept_response_is_given_until_it_expires() -> None:
    cache = ResponseCache()
    kept = _response(b"x", expires_at=101.0)
    cache.put("a", kept)
    assert cache.get("a", now=100.9) is kept
    assert cache.get("a", now=101.0) is None
    assert cache.get("a", now=100.9) is None


def test_the_cache_is_bounded_in_bytes_and_the_response_used_longest_ago_goes() -> None:
    cache = ResponseCache(max_bytes=30_000)
    for key in ("a", "b", "c"):
        cache.put(key, _response(b"x" * 7_000))
    cache.get("a", now=100.0)
    cache.put("d", _response(b"x" * 7_000))
    assert [cache.get(key, now=100.0) is not None for key in "abcd"] == [True, False, True, True]


def test_a_response_that_is_put_again_counts_once() -> None:
    cache = ResponseCache(max_bytes=30_000)
    cache.put("b", _response(b"x" * 7_000))
    for _again in range(9):
        cache.put("a", _response(b"x" * 7_000))
    assert cache.get("b", now=100.0) is not None
