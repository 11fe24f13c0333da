"""What is remembered of policy files, for how long, and what of it is readable."""

import hmac
import sqlite3
import threading
from contextlib import closing

import pytest

from ledger.errors import InputError, StorageError
from producers.optout.cache.policy_cache import (
    FILES_MAX,
    FRESH_MS,
    UNREADABLE_MS,
    CachedFile,
    PolicyCache,
)

URL = "https://e.test/robots.txt"
AT = 1_700_000_000_000
DIGEST = "ab" * 32


def _tag(name, key=b"key"):
    return hmac.digest(key, name.encode(), "sha256")


def _file(outcome="parsed", at=AT, **more):
    blocking = None if outcome in {"parsed", "absent"} else "unreadable"
    return CachedFile(
        **{
            "channel": "robots_txt",
            "status": 200,
            "outcome": outcome,
            "reason": blocking,
            "evidence_sha256": DIGEST if outcome == "parsed" else "",
            "redirects": 1,
            "fetched_at_ms": at,
            **more,
        }
    )


@pytest.fixture
def cache():
    with PolicyCache(None, tag=_tag) as opened:
        yield opened


def _get(cache, at=AT, url=URL):
    return cache.get("robots_txt", url, at)


def test_nothing_is_known_at_first(cache):
    """A file that nobody asked for is due."""
    assert _get(cache) is None
    assert cache.last_good("robots_txt", URL) is None


def test_what_is_put_is_got(cache):
    """The file comes back as it was."""
    cache.put_all([(URL, _file())])

    assert _file() == _get(cache)


def test_channel_and_url_are_the_key(cache):
    """Another channel or another URL is another file."""
    cache.put_all([(URL, _file())])

    assert cache.get("ai_txt", URL, AT) is None
    assert _get(cache, url=URL + "?") is None


@pytest.mark.parametrize(
    ("outcome", "ttl_ms"),
    [
        ("parsed", FRESH_MS),
        ("absent", FRESH_MS),
        ("unreadable", UNREADABLE_MS),
        ("unknown", UNREADABLE_MS),
        ("not_recorded", UNREADABLE_MS),
    ],
)
def test_how_long_a_file_is_fresh(cache, outcome, ttl_ms):
    """A day where the site answered, an hour where it could not be understood."""
    cache.put_all([(URL, _file(outcome))])

    assert _get(cache, AT + ttl_ms - 1) is not None
    assert _get(cache, AT + ttl_ms) is None


def test_an_outcome_with_a_reason_is_not_good(cache):
    """A file that blocks is asked for again within the hour, whatever its outcome."""
    cache.put_all([(URL, _file(reason="malformed_signal"))])

    assert _get(cache, AT + UNREADABLE_MS) is None
    assert cache.last_good("robots_txt", URL) is None


def test_a_clock_set_back_makes_a_file_due(cache):
    """A file of the future would never grow old."""
    cache.put_all([(URL, _file())])

    assert _get(cache, AT - 1) is None


def test_the_last_good_copy_survives_a_failure(cache):
    """The site is down: what it said before is still known, and is not fresh."""
    cache.put_all([(URL, _file())])
    down = _file("unreadable", AT + FRESH_MS, status=503)
    cache.put_all([(URL, down)])

    assert down == _get(cache, AT + FRESH_MS)
    assert _file() == cache.last_good("robots_txt", URL)


def test_an_absence_ends_the_last_good_copy(cache):
    """A file that was withdrawn no longer speaks."""
    cache.put_all([(URL, _file())])
    cache.put_all([(URL, _file("absent", AT + 1))])
    cache.put_all([(URL, _file("unreadable", AT + 2))])

    assert cache.last_good("robots_txt", URL) is None


def test_the_cache_outlives_the_process(tmp_path):
    """A second opening of the file knows what the first one put."""
    path = tmp_path / "policy.cache"
    with PolicyCache(path, tag=_tag) as cache:
        cache.put_all([(URL, _file())])
    with PolicyCache(path, tag=_tag) as cache:
        assert _file() == _get(cache)
        assert _file() == cache.last_good("robots_txt", URL)


def test_the_cause_outlives_the_process(tmp_path):
    """Why a file could not be read is known as long as that it could not."""
    path = tmp_path / "policy.cache"
    unread = _file("unreadable", status=503, cause="http_503")
    with PolicyCache(path, tag=_tag) as cache:
        cache.put_all([(URL, unread)])
    with PolicyCache(path, tag=_tag) as cache:
        assert unread == _get(cache)


def test_a_cache_of_an_earlier_version_is_begun_anew(tmp_path):
    """Rows without a cause are gone; nothing but time is lost."""
    path = tmp_path / "policy.cache"
    with closing(sqlite3.connect(path)) as older:
        older.execute("CREATE TABLE file (tag BLOB PRIMARY KEY, status INTEGER)")
    with PolicyCache(path, tag=_tag) as cache:
        cache.put_all([(URL, _file())])
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_master").fetchall()

    assert ["policy_file"] == [name for (name,) in tables if "autoindex" not in name]


def test_two_processes_share_the_file(tmp_path):
    """What one opening puts, another one that looked before gets."""
    path = tmp_path / "policy.cache"
    with PolicyCache(path, tag=_tag) as one, PolicyCache(path, tag=_tag) as other:
        assert _get(other) is None
        one.put_all([(URL, _file())])
        assert _file() == _get(other)


def test_what_is_held_does_not_outlive_the_process(tmp_path):
    """A file whose event is not durable is seen by this process only."""
    path = tmp_path / "policy.cache"
    with PolicyCache(path, tag=_tag) as cache:
        cache.hold(URL, _file())
        assert _file() == _get(cache)
    with PolicyCache(path, tag=_tag) as cache:
        assert _get(cache) is None


def test_held_until_put(cache):
    """Whoever used the file sees that it is not on record, until it is."""
    cache.hold(URL, _file())
    before = cache.is_held(URL, _file())
    cache.put_all([(URL, _file())])

    assert before
    assert not cache.is_held(URL, _file())
    assert _file() == _get(cache)


def test_a_newer_file_that_is_held_wins(cache):
    """Between two commits the newest answer counts."""
    cache.put_all([(URL, _file("unreadable"))])
    cache.hold(URL, _file(at=AT + UNREADABLE_MS))
    cache.put_all([(URL, _file("unreadable"))])

    assert _file(at=AT + UNREADABLE_MS) == _get(cache, AT + UNREADABLE_MS)


def test_names_are_not_in_the_file(tmp_path):
    """Neither host nor URL can be read from the cache, nor guessed without the key."""
    path = tmp_path / "policy.cache"
    with PolicyCache(path, tag=_tag) as cache:
        cache.put_all([("https://jane-doe.test/robots.txt", _file())])
    stored = b"".join(found.read_bytes() for found in tmp_path.iterdir())

    assert b"jane" not in stored
    assert b"robots_txt" in stored
    with PolicyCache(path, tag=lambda name: _tag(name, b"other")) as cache:
        assert _get(cache, url="https://jane-doe.test/robots.txt") is None


def test_memory_is_bounded(cache):
    """The oldest files leave memory; the rows still know them."""
    files = [(f"https://{n}.test/robots.txt", _file()) for n in range(FILES_MAX + 10)]
    cache.put_all(files)

    assert FILES_MAX == len(cache._recent)
    assert _file() == _get(cache, url=files[0][0])


def test_many_in_one_transaction_the_last_counts(cache):
    """Of two answers for one file in a batch, the later one is kept."""
    cache.put_all([(URL, _file()), (URL, _file("absent", AT + 1))])

    assert _file("absent", AT + 1) == _get(cache, AT + 1)


def test_one_worker_asks_for_a_url():
    """Of eight workers at one URL, one fetches, and the others find what it held."""
    fetched = []
    with PolicyCache(None, tag=_tag) as cache:

        def work():
            with cache.asking(URL):
                if _get(cache) is None:
                    fetched.append(1)
                    cache.hold(URL, _file())

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [1] == fetched
        assert {} == cache._asking


def test_another_url_is_not_held_back(cache):
    """Workers at different URLs do not meet, and a failure leaves the place free."""
    with cache.asking(URL), cache.asking("https://other.test/robots.txt"):
        pass
    with pytest.raises(LookupError), cache.asking(URL):
        raise LookupError
    with cache.asking(URL):
        assert 1 == len(cache._asking)


def test_a_row_that_is_refused_takes_the_others_with_it(cache):
    """A transaction is kept whole or not at all, and the next one is."""
    with pytest.raises(StorageError):
        cache.put_all([(URL, _file()), (URL + "?", _file(status="none"))])
    before = _get(cache)
    cache.put_all([(URL, _file())])

    assert before is None
    assert _file() == _get(cache)


def test_a_closed_cache_is_an_error_of_ours():
    """What the database refuses is one line, not a traceback."""
    cache = PolicyCache(None, tag=_tag)
    cache.close()

    with pytest.raises(StorageError, match="policy cache"):
        _get(cache)
    with pytest.raises(StorageError, match="policy cache"):
        cache.put_all([(URL, _file())])


@pytest.mark.parametrize("content", [b"no database at all" * 99, b"SQLite format 3\0"])
def test_another_file_is_refused(tmp_path, content):
    """What is no cache is not written to."""
    path = tmp_path / "policy.cache"
    path.write_bytes(content)

    with pytest.raises(InputError, match="policy cache"):
        PolicyCache(path, tag=_tag)
    assert content == path.read_bytes()
