"""The other implementation's half of test_c2sp_witness.py, run by its interpreter.

Imports nothing of this project. It reads one JSON document and writes one; bytes are in
base64.

    python c2sp_peer.py verify|make|submit < document
"""

import base64
import json
import sys

import aics_tlog as tlog
from aics_witness.feeder import WitnessClient
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def b64(content):
    return base64.b64encode(content).decode()


def raw(text):
    return base64.b64decode(text)


def verify(asked):
    """Check a cosigned checkpoint and a tlog-proof of one leaf."""
    header, _, checkpoint = asked["proof"].partition("\n\n")
    first, index, *hashes = header.split("\n")
    note = tlog.parse_note(checkpoint)
    policy = tlog.WitnessPolicy(
        quorum=1, witnesses=(tlog.parse_vkey(asked["witness"]),), max_age_seconds=600
    )
    found = tlog.verify_checkpoint(note, tlog.parse_vkey(asked["log"]), policy=policy)
    is_included = tlog.verify_leaf_inclusion(
        raw(asked["leaf"]),
        int(index.removeprefix("index ")),
        found.size,
        [raw(one) for one in hashes],
        found.root,
    )
    return {
        "format": first,
        "checkpoint": found.ok,
        "error": found.error,
        "witnesses": found.witnesses,
        "inclusion": is_included,
    }


def make(asked):
    """A log, a cosigned checkpoint and a tlog-proof, all made here."""
    log, witness = (Ed25519PrivateKey.generate() for _ in range(2))
    origin, name = asked["origin"], asked["name"]
    tree = tlog.MerkleTree([raw(leaf) for leaf in asked["leaves"]])
    size, root = len(asked["leaves"]), tree.root()
    checkpoint = tlog.Checkpoint(origin, size, root)
    note = tlog.sign_checkpoint(checkpoint, log, origin)
    _, line = tlog.sign_cosignature(witness, name, asked["at_s"], origin, size, root)
    cosigned = tlog.Note(text=note.text, signatures=(*note.signatures, line))
    path = [b64(one) for one in tree.inclusion_proof(asked["index"])]
    lines = ["c2sp.org/tlog-proof@v1", f"index {asked['index']}", *path, ""]
    note_text = cosigned.to_bytes().decode()
    return {
        "log": tlog.format_vkey(tlog.vkey_from_ed25519(origin, log.public_key())),
        "witness": tlog.format_vkey(tlog.cosignature_vkey(name, witness.public_key())),
        "proof": "".join(f"{one}\n" for one in lines) + note_text,
    }


def submit(asked):
    """Have a checkpoint cosigned by a witness, from a wrong old size on."""
    tree = tlog.MerkleTree([raw(leaf) for leaf in asked["leaves"]])
    with WitnessClient(asked["url"], asked["witness"]) as client:
        line = client.submit(
            asked["note"].encode(), tree.consistency_proof, old_size=asked["old_size"]
        )
    return {"line": line}


TASKS = {"verify": verify, "make": make, "submit": submit}


def main():
    """Do one task."""
    json.dump(TASKS[sys.argv[1]](json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
