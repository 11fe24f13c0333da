"""One spelling for a URL, and addresses that are never reached."""

import socket

import pytest

from ledger.errors import InputError
from producers.optout.net.resolve import (
    ADDRESSES_MAX,
    RefusedError,
    is_public,
    resolve_public,
)
from producers.optout.net.url import URL_CHARS_MAX, parse_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTP://Example.TEST:80/a#b", "http://example.test/a"),
        ("https://example.test", "https://example.test/"),
        ("https://example.test.:443/", "https://example.test/"),
        ("https://example.test:8443/?q", "https://example.test:8443/?q"),
        ("http://bücher.test/é%c3%a9", "http://xn--bcher-kva.test/%C3%A9%C3%A9"),
        ("http://e.test/%7Ea/./b/../c", "http://e.test/~a/c"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/"),
    ],
)
def test_canonical_form(text, expected):
    """Two spellings of one URL become one."""
    assert expected == parse_url(text).text
    assert expected == parse_url(expected).text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/a",
        "ftp://e.test/",
        "file:///etc/passwd",
        "http://",
        "http://user@e.test/",
        "http://u:p@e.test/",
        "http://e.test/a b",
        "http://e.test/\n",
        "http://e.test\\@x.test/",
        "http://e.test:0/",
        "http://e.test:65536/",
        "http://e%2etest/",
        "http://[::1/",
        "http://e.test/" + "a" * URL_CHARS_MAX,
    ],
)
def test_refused(text):
    """What is no plain http or https URL is refused, and not repeated."""
    with pytest.raises(InputError) as caught:
        parse_url(text)

    assert "test" not in str(caught.value)


def test_relative_reference():
    """A redirect may be relative."""
    base = parse_url("https://e.test/a/b")

    assert "https://e.test/a/c" == parse_url("c", base=base).text
    assert "http://x.test/" == parse_url("http://x.test", base=base).text


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public(address):
    """Globally reachable addresses may be reached."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.1.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "192.0.0.192",
        "192.88.99.1",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "name",
    ],
)
def test_not_public(address):
    """Loopback, private, link-local, multicast and wrapped addresses are refused."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "2852039166", "0251.254.0xa9fe"],
)
def test_names_of_inner_addresses_are_refused(host):
    """However loopback or a metadata address is spelled, its address refuses it."""
    with pytest.raises(RefusedError):
        resolve_public(host, 80, "http")


def test_public_address_is_pinned():
    """The endpoint is the address that was checked."""
    endpoint = resolve_public("8.8.8.8", 443, "https")

    assert ("8.8.8.8", 443, "https") == (
        endpoint.address,
        endpoint.port,
        endpoint.scheme,
    )


def test_a_few_addresses_are_kept(monkeypatch):
    """Where the first does not answer, others of the same name are tried."""
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"8.8.8.{n}", 80))
        for n in (1, 1, 2, 3, 4, 5, 6)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    endpoint = resolve_public("e.test", 80, "http")

    assert ("8.8.8.1", ADDRESSES_MAX) == (endpoint.address, 1 + len(endpoint.others))
    assert ("8.8.8.2", "8.8.8.3", "8.8.8.4") == endpoint.others


def test_one_private_address_refuses_all(monkeypatch):
    """A name with a public and a private address is refused."""
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))
        for address in ("8.8.8.8", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)

    with pytest.raises(RefusedError):
        resolve_public("e.test", 80, "http")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/x/%2e%2e/private/d", "/private/d"),
        ("/x/.%2E/private/d", "/private/d"),
        ("/a/%2e/b", "/a/b"),
        ("/a/b/%2e%2e", "/a/"),
        ("/%2e%2e/%2e%2e/a", "/a"),
        ("/a?q=/%2e%2e/b", "/a?q=/%2e%2e/b".replace("%2e", "%2E")),
        ("/a/...", "/a/..."),
    ],
)
def test_escaped_dot_segments_are_resolved(path, expected):
    """What a server takes for the folder above is matched as such."""
    assert expected == parse_url(f"http://e.test{path}").target
