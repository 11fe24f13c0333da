"""producers.ingest.sources: the same records from every format."""

import json

import pytest

from ledger.errors import InputError
from producers.ingest.sources import Unreadable, load_mapping, open_source
from producers.ingest.sources import columns as columns_module

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

RECORDS = [
    {
        "id": f"r{number}",
        "text": f"Text {number}.",
        "url": "https://example.org/" if number % 2 else "",
        "licence": "MIT",
        "subjects": ["j@example.org"] if number % 3 else [],
    }
    for number in range(600)
]
BAD = {**RECORDS[0], "id": "bad", "url": "ftp://example.org/"}


def write_jsonl(folder, records):
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def write_parquet(folder, records):
    path = folder / "records.parquet"
    pq.write_table(pa.Table.from_pylist(records), path, row_group_size=100)
    return path


def write_saved(folder, records):
    """A folder as `save_to_disk` writes it: two Arrow streams and their list."""
    path = folder / "saved"
    path.mkdir()
    half = len(records) // 2
    names = []
    for part in (records[:half], records[half:]):
        name = f"data-{len(names):05}-of-00002.arrow"
        table = pa.Table.from_pylist(part)
        with pa.ipc.new_stream(path / name, table.schema) as stream:
            stream.write_table(table, max_chunksize=70)
        names.append({"filename": name})
    (path / "state.json").write_text(json.dumps({"_data_files": names}))
    (path / "dataset_info.json").write_text("{}")
    return path


WRITERS = [write_jsonl, write_parquet, write_saved]


def read(path, **options):
    with open_source(path, **options) as source:
        return list(source.items())


@pytest.mark.parametrize("write", WRITERS[1:], ids=["parquet", "saved"])
def test_every_format_has_the_same_records(tmp_path, write):
    """Parquet and a saved dataset yield what JSON Lines yields."""
    lines = read(write_jsonl(tmp_path, RECORDS))
    rows = read(write(tmp_path, RECORDS))

    assert [one.record for one in lines] == [one.record for one in rows]


@pytest.mark.parametrize("write", WRITERS, ids=["jsonl", "parquet", "saved"])
def test_a_bad_row_is_told_and_passed(tmp_path, write):
    """Each format goes on after what is no record, and names its place and field."""
    items = read(write(tmp_path, [RECORDS[0], BAD, RECORDS[1], RECORDS[2]]))
    [bad] = [one for one in items if isinstance(one, Unreadable)]

    assert (4, "url") == (len(items), bad.field)
    assert "expected an http or https URL" in bad.rule
    assert "example" not in bad.message


def test_splits_in_their_order(tmp_path):
    """A saved dataset of several splits is read split by split."""
    for name, part in (("train", RECORDS[:4]), ("test", RECORDS[4:8])):
        (tmp_path / name).mkdir()
        write_saved(tmp_path / name, part).rename(tmp_path / f"saved-{name}")
    splits = json.dumps({"splits": ["saved-train", "saved-test"]})
    (tmp_path / "dataset_dict.json").write_text(splits)

    assert [one["id"] for one in RECORDS[:8]] == [
        one.record.id for one in read(tmp_path)
    ]


@pytest.mark.parametrize("name", ["../x.arrow", "/etc/passwd", "", "a/b.arrow", None])
def test_a_saved_dataset_names_no_other_place(tmp_path, name):
    """A folder from elsewhere cannot make other files be read."""
    state = {"_data_files": [{"filename": name}]}
    (tmp_path / "state.json").write_text(json.dumps(state))

    with pytest.raises(InputError, match="expected names of files beside it"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.parquet", b"PAR1 no"), ("x.arrow", b"no"), ("x.arrow", b"ARROW1 no")],
)
def test_damaged_files(tmp_path, name, content):
    """One line says which file it is."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError, match="found damaged data"):
        read(tmp_path / name)


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    """Without pyarrow the message says what to install."""
    path = write_parquet(tmp_path, RECORDS[:1])
    monkeypatch.setattr(columns_module, "find_spec", lambda _: None)

    with pytest.raises(InputError, match="needs the extra 'parquet'"):
        read(path)


def test_other_columns_need_a_mapping(tmp_path):
    """A column that nobody spoke of may hold anything."""
    path = write_parquet(tmp_path, [{**RECORDS[0], "notes": "x"}])

    with pytest.raises(InputError, match="name those that count in a mapping file"):
        read(path)


MAPPING = """
[columns]
id = "key"
text = "body"
subjects = "author"

[constants]
url = ""
licence = "CC-BY-4.0"
source = "public_dataset"
"""


@pytest.mark.parametrize("write", WRITERS, ids=["jsonl", "parquet", "saved"])
def test_a_mapping_names_columns_and_constants(tmp_path, write):
    """Numbers may be ids, one subject needs no list, null is nobody."""
    rows = [
        {"key": 7, "body": "a", "author": "j@example.org", "other": 1},
        {"key": 8, "body": "b", "author": None, "other": 2},
    ]
    (tmp_path / "m.toml").write_text(MAPPING)
    path = write(tmp_path, rows)
    records = [
        one.record for one in read(path, mapping=load_mapping(tmp_path / "m.toml"))
    ]

    assert [("7", ("j@example.org",)), ("8", ())] == [
        (one.id, one.subjects) for one in records
    ]
    assert {("CC-BY-4.0", "public_dataset")} == {
        (one.licence, one.source) for one in records
    }


BAD_MAPPINGS = {
    "no-toml": ("[columns", "expected TOML"),
    "nothing": ("[columns]\n", "expected id under columns or constants"),
    "forgotten": (
        MAPPING.replace('subjects = "author"', ""),
        "expected subjects under columns or constants",
    ),
    "unknown": (MAPPING + 'colour = "red"', "expected the fields id, text"),
    "twice": (MAPPING + "subjects = []", "expected subjects once"),
    "constant-text": (
        MAPPING.replace('text = "body"', "") + 'text = "x"',
        "expected a column for text",
    ),
    "bad-constant": (MAPPING.replace("public_dataset", "moon"), "constants: "),
    "ids-twice": ('row_ids = "w-"\n' + MAPPING, "expected id once"),
}


@pytest.mark.parametrize(("text", "rule"), BAD_MAPPINGS.values(), ids=BAD_MAPPINGS)
def test_a_mapping_that_is_refused(tmp_path, text, rule):
    """One line with the rule."""
    (tmp_path / "m.toml").write_text(text)

    with pytest.raises(InputError, match=f"^mapping: {rule}"):
        load_mapping(tmp_path / "m.toml")


def test_ids_of_row_numbers(tmp_path):
    """An input without ids gets them from the place of each row."""
    text = 'row_ids = "w-"\n' + MAPPING.replace('id = "key"\n', "")
    (tmp_path / "m.toml").write_text(text)
    path = write_parquet(tmp_path, [{"body": "a", "author": ""}] * 3)
    items = read(path, mapping=load_mapping(tmp_path / "m.toml"))

    assert ["w-1", "w-2", "w-3"] == [one.record.id for one in items]
