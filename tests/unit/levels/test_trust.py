"""The trust policy's file: strict in every table, key, type and range."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.simulator import Key
from verifier import PolicyError, load_policy

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


@pytest.fixture
def write(office):
    """Write a policy from the office's tables and these, and return its path."""

    def write(**tables):
        for name, lines in tables.items():
            office.tables[name] = lines
        return office.policy_file()

    return write


def test_smallest_policy(office):
    """A policy that speaks of log and root asks for L1 and nothing else."""
    policy = load_policy(office.policy_file())

    assert (1, 300_000, 0, None, None, None, None, frozenset()) == (
        policy.level,
        policy.skew_ms_max,
        policy.entries_max,
        policy.delay_ms_max,
        policy.timestamps,
        policy.witnesses,
        policy.store,
        policy.waive,
    )


def test_whole_policy(office, write):
    """Every key of the page is read; files are relative to the policy."""
    office.ask_stamps("minimum = 2", "max_age_hours = 720")
    office.ask_witnesses("max_age_hours = 24")
    path = write(
        log=['origins = ["a", "b/c"]', f'genesis = "{"ab" * 32}"'],
        roles=['scanner = ["optout", "spool"]'],
        keys=[f'accept_compromised = ["{"cd" * 32}"]'],
        anchors=["entries_max = 5"],
        clock=["skew_max_s = 0", "delay_max_s = 60"],
        pin=['store = "pins"'],
        verdict=["level = 3", 'waive = ["timed"]'],
    )
    policy = load_policy(path)

    assert (("a", "b/c"), bytes.fromhex("ab" * 32)) == (policy.origins, policy.genesis)
    assert {"scanner": {"optout", "spool"}} == policy.roles
    assert {bytes.fromhex("cd" * 32)} == policy.accept_compromised
    assert (2, 2, 720 * 3_600_000) == (
        policy.timestamps.minimum,
        len(policy.timestamps.roots),
        policy.timestamps.max_age_ms,
    )
    assert (b"two", 24 * 3_600_000) == (
        policy.witnesses.policy.quorum,
        policy.witnesses.max_age_ms,
    )
    assert (5, 0, 60_000, path.parent / "pins", 3, {"timed"}) == (
        policy.entries_max,
        policy.skew_ms_max,
        policy.delay_ms_max,
        policy.store,
        policy.level,
        policy.waive,
    )
    assert hashlib.sha256(path.read_bytes()).hexdigest() == policy.sha256


@pytest.mark.parametrize(
    ("asks", "level"),
    [("", 1), ("s", 2), ("w", 3), ("sw", 3), ("p", 4), ("sp", 4)],
    ids=["root", "stamps", "witnesses", "both", "pin", "stamps and pin"],
)
def test_level_by_default(office, asks, level):
    """The default level is the highest that the file speaks of."""
    if "s" in asks:
        office.ask_stamps()
    if "w" in asks:
        office.ask_witnesses()
    if "p" in asks:
        office.ask("pin", 'store = "pins"')

    assert level == load_policy(office.policy_file()).level


REFUSED = {
    "unknown table": (
        {"witness": ['policy = "w.policy"']},
        "witness: expected no such",
    ),
    "unknown key": ({"clock": ["skew_s = 1"]}, r"\[clock\] skew_s: expected no such"),
    "unknown key in log": ({"log": ['origins = ["a"]', "x = 1"]}, r"\[log\] x"),
    "no origins": ({"log": ['genesis = ""']}, "origins: expected a list of 1"),
    "origins empty": ({"log": ["origins = []"]}, "origins: expected a list of 1"),
    "origin a text": ({"log": ['origins = "a"']}, "origins: expected a list"),
    "origin with a space": ({"log": ['origins = ["a b"]']}, "found a b"),
    "origin twice": ({"log": ['origins = ["a", "a"]']}, "each item once"),
    "genesis short": ({"log": ['origins = ["a"]', 'genesis = "ab"']}, "64 hex digits"),
    "genesis capital": (
        {"log": ['origins = ["a"]', f'genesis = "{"AB" * 32}"']},
        "64 hex digits",
    ),
    "no keys": ({"root": ["threshold = 1"]}, "keys: expected a list of 1"),
    "key malformed": ({"root": ['keys = ["zz"]']}, "root key 1"),
    "key of low order": ({"root": [f'keys = ["01{"00" * 31}"]']}, "low order"),
    "key twice": (
        {"root": [f'keys = ["{Key("a").vkey}", "{Key("a").public.hex()}"]']},
        "each key once",
    ),
    "threshold 0": (
        {"root": ["threshold = 0", 'keys = ["a"]']},
        "root key 1|threshold",
    ),
    "entries_max negative": ({"anchors": ["entries_max = -1"]}, "from 0 to"),
    "entries_max huge": ({"anchors": ["entries_max = 9007199254740992"]}, "from 0 to"),
    "entries_max true": ({"anchors": ["entries_max = true"]}, "an integer"),
    "entries_max float": ({"anchors": ["entries_max = 1.0"]}, "an integer"),
    "entries_max text": ({"anchors": ['entries_max = "1"']}, "an integer"),
    "skew negative": ({"clock": ["skew_max_s = -1"]}, r"\[clock\] skew_max_s"),
    "delay past a century": ({"clock": ["delay_max_s = 3155760001"]}, "delay_max_s"),
    "level 5": ({"verdict": ["level = 5"]}, "from 0 to 4"),
    "waive authentic": ({"verdict": ['waive = ["authentic"]']}, "found authentic"),
    "waive twice": ({"verdict": ['waive = ["timed", "timed"]']}, "each item once"),
    "role with a number": ({"roles": ["scanner = 1"]}, r"\[roles\] scanner"),
    "family odd": ({"roles": ['scanner = ["Opt-out"]']}, "found Opt-out"),
    "accepted key short": ({"keys": ['accept_compromised = ["ab"]']}, "64 hex digits"),
    "store missing": ({"pin": []}, r"\[pin\] store: expected a folder"),
    "store a number": ({"pin": ["store = 1"]}, "expected a text"),
    "unknown key in pin": ({"pin": ['store = "pins"', "x = 1"]}, r"\[pin\] x"),
    "unknown key in witnesses": (
        {"witnesses": ['policy = "w.policy"', "x = 1"]},
        r"\[witnesses\] x",
    ),
    "unknown key in timestamps": (
        {"timestamps": ['roots = ["tsa.pem"]', "x = 1"]},
        r"\[timestamps\] x",
    ),
    "no stamp roots": ({"timestamps": ["minimum = 1"]}, "roots: expected a list of 1"),
    "minimum 0": (
        {"timestamps": ['roots = ["tsa.pem"]', "minimum = 0"]},
        "from 1 to 16",
    ),
    "minimum 17": (
        {"timestamps": ['roots = ["tsa.pem"]', "minimum = 17"]},
        "from 1 to 16",
    ),
    "age 0": ({"timestamps": ['roots = ["tsa.pem"]', "max_age_hours = 0"]}, "from 1"),
    "stamp root absent": ({"timestamps": ['roots = ["no.pem"]']}, "no.pem: it cannot"),
    "stamp root no PEM": (
        {"timestamps": ['roots = ["w.policy"]']},
        "PEM of self-issued",
    ),
    "no witness policy": ({"witnesses": []}, "policy: expected a file"),
    "witness policy absent": ({"witnesses": ['policy = "no"']}, "no: it cannot"),
    "witness policy bad": ({"witnesses": ['policy = "tsa.pem"']}, "tsa.pem: line 1"),
    "witness policy a folder": ({"witnesses": ['policy = "."']}, "it cannot be read"),
    "NUL in a folder": ({"pin": ['store = "a\\u0000b"']}, "without control"),
    "integer of 4,800 digits": ({"verdict": [f"level = 0x{'9' * 4000}"]}, "found int"),
    "20,000 tables deep": ({".".join("a" * 20_000): []}, "no such key, found dict"),
    "NUL in a path": ({"witnesses": ['policy = "a\\u0000b"']}, "without control"),
    "NUL in a root's path": (
        {"timestamps": ['roots = ["a\\u0000b"]']},
        "it cannot be read",
    ),
}


@pytest.mark.parametrize(("tables", "match"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(write, tables, match):
    """What the file may not say is refused with the table and the key."""
    path = write(**tables)
    with pytest.raises(PolicyError, match=match):
        load_policy(path)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "format: expected tuneledger/trust/v1, found none"),
        (b'format = "tuneledger/trust/v2"', "found tuneledger/trust/v2"),
        (b"format = 1", "format: expected a text"),
        (b"\xff", "expected TOML in UTF-8"),
        (b"format = ", "expected TOML in UTF-8"),
        (b"a = 1\na = 2", "expected TOML in UTF-8"),
        (b"a = " + b"[" * 100_000, "expected TOML in UTF-8"),
        (b"a = " + b"1" * 10_000, "expected TOML in UTF-8"),
        (b"#" * (1024 * 1024 + 1), "at most 1048576 bytes"),
        (b'format = "tuneledger/trust/v1"\nlog = 1', "log: expected a table"),
        (b'format = "tuneledger/trust/v1"\n[log]', "root: expected a table"),
    ],
    ids=[
        "empty", "other version", "format a number", "not UTF-8", "not TOML",
        "key twice", "deep", "long number", "long", "log no table", "no root",
    ],
)  # fmt: skip
def test_file(tmp_path, content, match):
    """What is no policy at all is refused."""
    path = tmp_path / "trust.toml"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=match):
        load_policy(path)


def test_absent_file(tmp_path):
    """A policy that is not there is a mistake of usage, with its name."""
    with pytest.raises(PolicyError, match=r"none\.toml: it cannot be read"):
        load_policy(tmp_path / "none.toml")


def test_stamp_root_must_be_a_root(office):
    """A certificate that no chain can end in is refused: it would never count."""
    leaf = office.authorities[0]._certificate
    office.ask_stamps()
    path = office.policy_file()
    (office.folder / "tsa.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    with pytest.raises(PolicyError, match="self-issued certificates of authorities"):
        load_policy(path)


def test_self_issued_certificate_of_no_authority(office):
    """A certificate that names itself, but may issue none, is no root."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "own")])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, at, at)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, None)
    )
    path = office.ask_stamps().policy_file()
    (office.folder / "tsa.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    with pytest.raises(PolicyError, match="self-issued certificates of authorities"):
        load_policy(path)


def test_example_of_the_page(office):
    """The example of docs/policy.md is a policy, but for its elided key."""
    page = PAGE.read_text("utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    office.ask_stamps().ask_witnesses()
    path = office.policy_file()
    (office.folder / "tsa.pem").rename(office.folder / "tsa-root.pem")
    (office.folder / "w.policy").rename(office.folder / "witnesses.policy")
    elided = "example.org/acme/root+1a2b3c4d+AQ..."
    path.write_text(text.replace(elided, office.ledger.roots[0].vkey))

    assert 4 == load_policy(path).level
