"""One event with its path (ledger.export.event_path)."""

import pytest

from ledger.errors import InputError
from ledger.export.event_path import event_document, parse_event_id
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.tree import root_from_inclusion
from ledger.log.ledger import Ledger
from tests.unit.ledger.workshop import adopted, open_ledger


def test_the_path_leads_to_the_checkpoint_that_is_shown(workspace, monkeypatch):
    """Also where another process appends while the event is read."""
    newest = Ledger.newest_checkpoint

    def append_behind(self):
        note = newest(self)
        with monkeypatch.context() as patch, open_ledger(workspace) as other:
            patch.setattr(Ledger, "newest_checkpoint", newest)
            other.append([adopted(1)], stream="policy")
        return note

    with open_ledger(workspace) as ledger:
        ledger.append([adopted(0)], stream="policy")
        monkeypatch.setattr(Ledger, "newest_checkpoint", append_behind)
        document = event_document(ledger, "1.0")
    checkpoint, _ = parse_checkpoint(document["checkpoint"].encode())

    assert 2 == checkpoint.size
    assert checkpoint.root == root_from_inclusion(
        index=1,
        size=checkpoint.size,
        leaf=bytes.fromhex(document["entry_leaf"]),
        path=[bytes.fromhex(one) for one in document["path_to_root"]],
    )


@pytest.mark.parametrize("text", ["7", "07.3", "7.03", "-1.0", "1.0 ", "1.99999", ""])
def test_ids_have_one_spelling(text):
    """Two decimals with a point between (EVT-9)."""
    with pytest.raises(InputError, match=r"expected SEQ\.INDEX"):
        parse_event_id(text)
