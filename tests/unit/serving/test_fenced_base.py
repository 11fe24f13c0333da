"""A base that may not be used, and weights that two runs made."""

import pytest

pytest.importorskip("torch")

from ledger.erasing.served import ServingBook
from ledger.errors import ErasedError, InputError
from ledger.events.erasure import ErasurePlanned, WholeModel
from ledger.events.training import RunStarted
from ledger.training.book import TrainingBook
from producers import publishing
from tests.unit.cli.shell import check_one_error
from tests.unit.erasure.asked import receive
from tests.unit.projections.builders import finished, started
from tests.unit.serving.shop import HELD_OUT, LOOSE, adapters, manifests, publish


def condemn_base(office):
    """Let an erasure plan that the base of what serves must go."""
    base = office.events(RunStarted)[-1].base_sha256
    erasure_id = receive(office, "jane")
    whole = WholeModel(run_id="ab" * 16, weights_sha256=base, tokens=1)
    planned = ErasurePlanned(
        erasure_id=erasure_id,
        records=0,
        hits=[],
        whole=[whole],
        tokens_expected=0,
        tokens_full=0,
    )
    with office.open() as workspace:
        workspace.ledger.append([planned], stream="erase")


def test_nothing_is_published_on_a_fenced_base(shell, trained):
    """Exit code 3, as generate has it; no manifest is written."""
    condemn_base(trained)
    ran = shell.w("models", "publish")

    check_one_error(ran, 3, "saw a record that event")
    assert [] == manifests(trained)


def test_nothing_on_it_is_handed_out_or_measured(shell, trained, tmp_path):
    """Export, signature and evaluation are uses of it too."""
    run_id = trained.events(RunStarted)[-1].run_id
    text = tmp_path / "held-out.txt"
    text.write_bytes(HELD_OUT)
    condemn_base(trained)
    codes = [
        shell.w(*command).code
        for command in (
            ("models", "export", run_id[:8], "--out", tmp_path / "out"),
            ("models", "sign", run_id[:8], "--out", tmp_path / "sig"),
            ("evaluate", "--held-out", text),
        )
    ]

    assert [3, 3, 3] == codes
    assert not (tmp_path / "out").exists()


def test_a_manifest_from_before_is_not_obeyed(shell, serving):
    """Generate refuses what publish would refuse now."""
    condemn_base(serving)

    check_one_error(shell.w("generate", "The"), 3, "is fenced")
    with pytest.raises(ErasedError):
        publish(serving)


def test_a_run_outside_does_not_hide_who_made_weights(serving):
    """It states equal weights and an equal base; how they are built stays known."""
    [event] = manifests(serving)
    sha256 = adapters(event)[0]
    with serving.open() as workspace:
        book = TrainingBook(workspace)
        facts = {"map_id": "", "shards": [], "slices": 0, "reexecutable": False}
        book.append([started("copy", base_sha256=event.base_sha256, **facts)])
        end = finished("copy", reasons=["no_plan"])
        one = type(end.adapters[0])(shard=0, weights_sha256=sha256)
        book.append([type(end)(**{**_fields(end), "adapters": [one]})])
        made_by = ServingBook(workspace).made_by()
        assert made_by[sha256].reexecutable
        assert made_by[event.base_sha256].reexecutable
        publishing.open_served(workspace)


def _fields(event):
    return {name: getattr(event, name) for name in event.__struct_fields__}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            bytes(range(256)),
            "expected a text in UTF-8, found other bytes at offset 128",
        ),
        (b"a\0b", "found a NUL at character 1"),
        (b" \n", "found none"),
    ],
    ids=["bytes", "nul", "nothing"],
)
def test_a_gate_that_is_no_text(trained, content, said):
    """It is refused before a model is loaded."""
    with pytest.raises(InputError, match=said):
        publish(trained, gate=publishing.Gate(held_out=content, worst=LOOSE.worst))
    assert [] == manifests(trained)


def test_merged_weights_are_listed_with_their_file(shell, trained):
    """In the dry run to be deleted, and after it as deleted."""
    merged = publish(trained, gate=LOOSE).merged_sha256
    before = shell.w("erase", "--what-if", "s-1", "--json").json()["weights"]
    erased = shell.w("erase", "s-1", "--no-prove", "--json").json()["erasure_id"]
    after = shell.w("erasure", "show", erased, "--json").json()["weights"]
    told = [
        (one["weights_sha256"], one["kind"], one["places"], one["deletion"])
        for one in (*before, *after)
    ]

    assert told == [
        (merged, "merged", [f"models/{merged}.sealed"], "not_confirmed"),
        (merged, "merged", [], "confirmed"),
    ]
