"""T18: attacks on what an auditor is handed instead of the whole ledger."""

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.tamper.attack import Scene, attack
from tests.tamper.auditor import Outcome
from tests.unit.proofs.material import LATER_MS, new_material
from verifier.proofs.check import check_proof


@cache
def _material():
    return new_material(Path(mkdtemp(prefix="proofs-")))


def check(scene: Scene, content: bytes) -> Outcome:
    """The verdict on a proof file, under the root key of its ledger."""
    path = scene.folder / "event.json"
    path.write_bytes(content)
    report = check_proof(path, root_keys=_material().root, level=1, now_ms=LATER_MS)
    codes = dict.fromkeys(finding.code.name for finding in report.findings)
    return Outcome(report.verdict, report.exit_code, tuple(codes))


def forge(scene: Scene, change) -> Outcome:
    """The verdict on an honest receipt that `change` has edited."""
    honest = _material().receipt()
    assert check(scene, honest).exit_code == 0
    value = json.loads(honest)
    change(value)
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return check(scene, content.encode() + honest[len(honest.rstrip()) :])


@attack("T18", after="BROKEN")
def index_of_a_receipt_changed(scene):
    """The unsigned place of an event in its submission is another one."""

    def change(value):
        value["event"]["index"] += 1

    return forge(scene, change)


@attack("T18", after="BROKEN")
def place_in_the_tree_changed(scene):
    """The unsigned index of a receipt's tlog-proof is another one."""

    def change(value):
        first, _, rest = value["tlog_proof"].partition("index ")
        number, _, rest = rest.partition("\n")
        value["tlog_proof"] = f"{first}index {int(number) + 1}\n{rest}"

    return forge(scene, change)


@attack("T18", after="BROKEN")
def extra_data_added_to_a_proof(scene):
    """A tlog-proof with a line `extra`, which nobody signs."""

    def change(value):
        proof = value["tlog_proof"]
        value["tlog_proof"] = proof.replace("\nindex", "\nextra Zm9yZ2Vk\nindex", 1)

    return forge(scene, change)


@attack("T18", after="BROKEN")
def key_events_left_out_of_a_receipt(scene):
    """A receipt that leaves out its last key event, such as a retirement."""

    def change(value):
        value["keys"] = value["keys"][:-1]

    return forge(scene, change)
