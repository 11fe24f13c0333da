"""A file's figure stands on record once."""

import json

from ledger.events.model import ComputeAttested
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.cli.test_stated import STATE
from tests.unit.workspace.office import new_office


def test_a_file_is_imported_once(tmp_path, capsys):
    """The second time is refused by its digest, with the event that holds it."""
    office = new_office(tmp_path / "acme")
    shell = Shell(capsys, office.folder)
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps(STATE))
    given = ("flops", "import", path, "--model-name", "acme")
    first, second = shell.w(*given), shell.w(*given)

    assert 0 == first.code
    check_one_error(second, 8, "is on record already: event ")
    assert 1 == len(office.events(ComputeAttested))
