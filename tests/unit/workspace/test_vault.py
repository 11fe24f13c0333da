"""ledger.vault: subjects, records and what their deletion takes."""

from contextlib import closing

import pytest

from ledger.errors import InputError
from ledger.vault.names import Names
from ledger.vault.review_notes import ReviewNotes
from ledger.vault.rows import UNPLACED
from ledger.vault.seeds import Seeds
from ledger.vault.vault import Vault
from tests.unit.ledger.workshop import Random

JANE, BOB = "jane@example.org", "bob@example.org"
R1, R2, R3 = "a1" * 16, "b2" * 16, "c3" * 16


@pytest.fixture
def vault(tmp_path):
    """An empty vault."""
    with closing(Vault(tmp_path / "v.vault", random_bytes=Random())) as opened:
        yield opened


def add(vault, record_id, *names, text="text", decided=True):
    """A record of some subjects."""
    subjects = [vault.subject(name) for name in names]
    kept = vault.add_record(
        record_id, external_id=f"own {record_id}", subjects=subjects, text=text
    )
    if decided:
        vault.settle(record_id, hazard="personal", scan_id="")
    return kept


def test_a_subject_is_found_again(vault):
    """By alias and by any spelling of the identifier; the key stays the same."""
    first = vault.subject(JANE)

    assert first == vault.subject("  Jane@EXAMPLE.org")
    assert first == vault.find_identifier("JANE@example.org")
    assert first == vault.subject("jane@\u200bexample.org")
    assert first == vault.find_alias("s-1")
    assert ("s-1", JANE) == (first.alias, first.name)


def test_a_subject_of_the_first_spelling_is_found(vault):
    """Older vaults looked people up by another spelling."""
    jane = vault.subject("+49 30 9000 0012")
    with vault.transaction():
        tag = vault.tag("subject", jane.name)
        vault.connection.execute("UPDATE subject SET tag = ?", (tag,))

    assert "+49 30 9000 0012" == jane.name
    assert jane == vault.subject("+49 30 9000 0012")


@pytest.mark.parametrize(
    "alias",
    ["s-2", "s-", "s-0", "s--1", "s-x", "t-1", "1", "", "s-\uff11", "s-" + "9" * 30],
)
def test_no_such_alias(vault, alias):
    """What is no alias of anybody here finds nobody, however long or odd."""
    vault.subject(JANE)

    assert vault.find_alias(alias) is None


def test_aliases_are_never_given_twice(vault):
    """Not even when the newest subject was deleted."""
    add(vault, R1, JANE)
    vault.destroy_subject(vault.find_alias("s-1").subject_id)

    assert "s-2" == vault.subject(BOB).alias


def test_subjects_are_counted(vault):
    """Every subject, oldest first, with its number of records."""
    add(vault, R1, JANE)
    add(vault, R2, JANE, BOB)

    assert [("s-1", 2), ("s-2", 1)] == [(s.alias, n) for s, n in vault.subjects()]


def test_keys_of_a_record_are_its_subjects(vault):
    """All of them, in the order of their ids; its own only where it has none."""
    add(vault, R1, JANE)
    subjects = add(vault, R2, JANE, BOB).subjects
    add(vault, R3)
    one, both, alone = (vault.keys_of(record_id) for record_id in (R1, R2, R3))

    assert one[0] in both
    assert 2 == len(both) == len(set(both))
    assert list(subjects) == sorted(subjects)
    assert 1 == len(alone)
    assert alone[0] not in {*one, *both}


def test_the_same_subject_named_twice_counts_once(vault):
    """Two spellings of one person give one key."""
    add(vault, R1, JANE, "JANE@example.org")

    assert 1 == len(vault.keys_of(R1))


def test_an_external_id_is_taken_once(vault):
    """A second record of the same id is refused and nothing of it stays."""
    add(vault, R1, JANE)
    with pytest.raises(InputError, match="kept already"):
        vault.add_record(R2, external_id=f"own {R1}", subjects=[], text="other")

    assert {R1} == vault.record_ids()
    assert vault.knows(f"own {R1}")
    assert not vault.knows(f"own {R2}")


def test_pending_until_decided(vault):
    """A record counts once the ledger has decided; the rest is listed as pending."""
    add(vault, R1, JANE, decided=False)
    add(vault, R2, JANE)

    assert [R1] == vault.pending()
    assert [R2] == [one.record_id for one in vault.records()]
    assert [R2] == [
        one.record_id
        for one in vault.records_of(vault.find_identifier(JANE).subject_id)
    ]


def test_a_placed_record_knows_its_place(vault):
    """Unplaced first, then where the ledger put it; noting it again changes nothing."""
    add(vault, R1, JANE)
    assert [(UNPLACED, UNPLACED)] == [(r.shard, r.slice) for r in vault.records()]
    for _ in range(2):
        vault.place(R1, map_id="m", shard=3, slice_=1)

    assert [(3, 1)] == [(one.shard, one.slice) for one in vault.records()]


def test_destroying_a_subject(vault):
    """Key, records and shared records go; whoever is left without records goes too."""
    add(vault, R1, JANE)
    add(vault, R2, JANE, BOB)
    jane = vault.find_identifier(JANE)

    assert 2 == vault.destroy_subject(jane.subject_id)
    assert [] == vault.subjects()
    assert set() == vault.record_ids()
    assert vault.find_identifier(BOB) is None


def test_others_keep_their_own(vault):
    """Bob's own record and key survive Jane."""
    add(vault, R1, JANE)
    add(vault, R2, JANE, BOB)
    add(vault, R3, BOB)
    before = vault.keys_of(R3)
    vault.destroy_subject(vault.find_identifier(JANE).subject_id)

    assert before == vault.keys_of(R3)
    assert {R3} == vault.record_ids()


def test_keys_of_a_record_that_is_not_there(vault):
    """One line, and no key."""
    with pytest.raises(InputError, match="found it erased"):
        vault.keys_of(R1)


def test_destroying_again_deletes_nothing(vault):
    """Every act of an erasure may be repeated."""
    add(vault, R1, JANE)
    jane = vault.find_identifier(JANE).subject_id

    assert [1, 0] == [vault.destroy_subject(jane), vault.destroy_subject(jane)]


def test_dropping_a_record_drops_who_had_only_that(vault):
    """No name is kept for a record that is not."""
    add(vault, R1, JANE, decided=False)
    add(vault, R2, BOB)
    vault.delete_records([R1])

    assert [BOB] == [subject.name for subject, _ in vault.subjects()]


def test_the_url_of_a_records_scan_goes_with_it(vault):
    """What it was copied from may name the person; so may a note on its scan."""
    add(vault, R1, JANE)
    copied(vault, R1, "5c" * 16)
    ReviewNotes(vault).keep("ee" * 16, "5c" * 16, "Jane wrote this.")
    vault.destroy_subject(vault.find_identifier(JANE).subject_id)

    for table in ("url", "scan_of_record", "review_note"):
        query = f"SELECT * FROM {table}"
        assert [] == vault.connection.execute(query).fetchall()


def test_later_scans_of_the_url_go_with_it(vault):
    """A rescan keeps no name of an erased person."""
    add(vault, R1, JANE)
    copied(vault, R1, "5c" * 16)
    Names(vault).commit_scan("5d" * 16, ["https://jane.example"], "")
    vault.delete_records([R1])

    assert [] == vault.connection.execute("SELECT * FROM url").fetchall()


def test_a_url_that_another_record_needs_stays(vault):
    """Else nobody could look there again for that other record."""
    for record_id, scan_id in ((R1, "5c" * 16), (R2, "5d" * 16)):
        add(vault, record_id, text=record_id)
        copied(vault, record_id, scan_id)
    Names(vault).commit_scan("5e" * 16, ["https://jane.example"], "")
    vault.delete_records([R1])

    assert [("5d" * 16,), ("5e" * 16,)] == vault.connection.execute(
        "SELECT scan_id FROM url ORDER BY scan_id"
    ).fetchall()


def copied(vault, record_id, scan_id):
    """Let a record rest on a scan of Jane's page."""
    vault.settle(record_id, hazard="personal", scan_id=scan_id)
    Names(vault).commit_scan(scan_id, ["https://jane.example"], "")


def test_deleted_rows_leave_no_bytes(vault):
    """Free pages and free cells are overwritten (secure_delete)."""
    with vault.transaction():
        for number in range(300):
            name = f"person-{number}@example.org"
            add(vault, f"{number:032x}", name, text="x" * number)
    for number in range(0, 300, 2):
        name = f"person-{number}@example.org"
        vault.destroy_subject(vault.find_identifier(name).subject_id)
    content = vault.path.read_bytes()

    assert b"person-1@example.org" in content
    assert [] == [
        number
        for number in range(0, 300, 2)
        if b"person-%d@example.org" % number in content
    ]


def test_texts_and_own_ids_are_kept_as_keyed_digests_only(vault):
    """Equal texts have equal digests here, and other ones in another vault."""
    first = add(vault, R1, JANE, text="the same words")
    again = add(vault, R2, BOB, text="the same words")
    content = vault.path.read_bytes()

    assert first.digest == again.digest
    assert b"the same words" not in content
    assert f"own {R1}".encode() not in content


def test_another_vault_has_another_pepper(tmp_path):
    """No digest can be compared between workspaces."""
    with (
        closing(Vault(tmp_path / "1.vault")) as one,
        closing(Vault(tmp_path / "2.vault")) as two,
    ):
        assert one.tag("text", "word") != two.tag("text", "word")
        assert one.secret("placement") != two.secret("placement")
        assert one.tag("text", "word") != one.tag("record", "word")


def test_a_pepper_stays(tmp_path):
    """Opened again, the vault finds what it knew."""
    path = tmp_path / "v.vault"
    with closing(Vault(path)) as vault:
        before = vault.subject(JANE)
        secret = vault.secret("placement")
    with closing(Vault(path)) as vault:
        assert before == vault.find_identifier(JANE)
        assert secret == vault.secret("placement")


def test_a_failed_transaction_changes_nothing(vault):
    """Inner transactions join the outer one and are undone with it."""

    def fail_late():
        with vault.transaction():
            add(vault, R1, JANE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_late()

    assert set() == vault.record_ids()
    assert [] == vault.subjects()


def test_seeds_last_until_they_are_destroyed(vault):
    """The same place has the same secret, other places others; new ones come after."""
    seeds = Seeds(vault)
    before = {
        (s, k, g): seeds.secret("m", shard=s, slice_=k, generation=g)
        for s in range(2)
        for k in range(3)
        for g in range(2)
    }
    assert 12 == len(set(before.values()))

    seeds.destroy("m", shard=1, slice_first=1)
    same = {
        (s, k, g)
        for (s, k, g), secret in before.items()
        if secret == seeds.secret("m", shard=s, slice_=k, generation=g)
    }
    assert {(s, k, g) for s, k, g in before if s == 0 or k == 0} == same
