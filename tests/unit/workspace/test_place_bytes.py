"""ledger.vault.place_bytes: sums that are right after every write."""

from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import NotALedgerError
from ledger.vault.vault import Vault
from tests.unit.ledger.workshop import Random
from tests.unit.workspace.office import rows

MAP = "a" * 32
TRIGGERS = ("record_comes", "record_goes", "record_leaves", "record_enters")
INDEXES = ("record_digest", "near_record_number")


def record_id(number):
    return f"{number:032x}"


def open_vault(folder, **options):
    return closing(Vault(folder / "v.vault", random_bytes=Random(), **options))


def add(vault, number, text="four"):
    vault.add_record(record_id(number), external_id=str(number), subjects=[], text=text)


def put(vault, number, shard=0, slice_=0):
    vault.place(record_id(number), map_id=MAP, shard=shard, slice_=slice_)


def quarantine(vault, number):
    with vault.transaction():
        vault.connection.execute(
            "UPDATE record SET quarantined = 1 WHERE record_id = ?",
            (record_id(number),),
        )


def delete_and_fail(vault, number):
    with vault.transaction():
        vault.delete_records([record_id(number)])
        raise ZeroDivisionError


def counted(vault):
    """The sums, counted row by row."""
    query = (
        "SELECT shard, slice, sum(bytes) FROM record WHERE pending = 0 "
        "AND quarantined = 0 AND shard >= 0 GROUP BY shard, slice"
    )
    return {(one, two): size for one, two, size in vault.connection.execute(query)}


def kept(vault):
    """The sums, without those of what is empty by now."""
    return {place: size for place, size in vault.bytes_by_place().items() if size}


def test_only_what_is_placed_counts(tmp_path):
    """A pending record has no place yet."""
    with open_vault(tmp_path) as vault:
        add(vault, 1)
        assert {} == kept(vault)
        put(vault, 1, shard=3, slice_=1)
        assert {(3, 1): 4} == kept(vault)


def test_what_is_quarantined_counts_no_more(tmp_path):
    """No run trains on it."""
    with open_vault(tmp_path) as vault:
        for number in (1, 2):
            add(vault, number)
            put(vault, number)
        quarantine(vault, 1)
        assert {(0, 0): 4} == kept(vault)


def test_what_is_undone_counts_as_before(tmp_path):
    """A sum is part of the transaction that changes it."""
    with open_vault(tmp_path) as vault:
        add(vault, 1)
        put(vault, 1)
        with pytest.raises(ZeroDivisionError):
            delete_and_fail(vault, 1)
        assert {(0, 0): 4} == kept(vault)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("add", "put", "quarantine", "delete")),
        st.integers(0, 5),
        st.integers(0, 2),
    ),
    max_size=30,
)


@given(ACTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sums_are_those_of_the_rows(tmp_path_factory, acts):
    """Whatever is added, moved, taken out and deleted, in any order."""
    with open_vault(tmp_path_factory.mktemp("vault")) as vault:
        for act, number, place in acts:
            if act == "add":
                if not vault.has_record(record_id(number)):
                    add(vault, number, "x" * (number + 1))
            elif act == "put":
                put(vault, number, shard=place, slice_=place)
            elif act == "quarantine":
                quarantine(vault, number)
            else:
                vault.delete_records([record_id(number)])
        assert counted(vault) == kept(vault)


@pytest.fixture
def old(tmp_path):
    """A vault from before the sums, with two placed records."""
    with open_vault(tmp_path) as vault:
        for number in (1, 2):
            add(vault, number)
            put(vault, number, shard=number)
        with vault.transaction():
            for name in TRIGGERS:
                vault.connection.execute(f"DROP TRIGGER {name}")
            vault.connection.execute("DROP TABLE place_bytes")
            for name in INDEXES:
                vault.connection.execute(f"DROP INDEX {name}")
    return tmp_path


def test_an_older_vault_is_carried_over(old):
    """Its rows are summed once, and followed from then on."""
    with open_vault(old) as vault:
        assert {(1, 0): 4, (2, 0): 4} == kept(vault)
        vault.delete_records([record_id(1)])
        assert {(2, 0): 4} == kept(vault)


def test_a_look_at_an_older_vault_changes_nothing(old):
    """It says how the file is renewed."""
    before = (old / "v.vault").read_bytes()
    with (
        pytest.raises(NotALedgerError, match="`erasure list` renews it"),
        open_vault(old, is_writable=False),
    ):
        pass

    assert before == (old / "v.vault").read_bytes()


def test_a_rotation_moves_no_sum(tmp_path):
    """Every row is written, and no trigger has anything to do."""
    with open_vault(tmp_path) as vault:
        add(vault, 1)
        put(vault, 1)
        before = rows(vault.path, "SELECT * FROM place_bytes")
        vault.rotate()

    assert before == rows(tmp_path / "v.vault", "SELECT * FROM place_bytes")
