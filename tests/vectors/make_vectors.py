"""Write tests/vectors/<kind>/<rule>-<slug>.json, one case a file.

    python tests/vectors/make_vectors.py

Nothing is random, so writing them again changes nothing; a test checks that.
"""

import json
import shutil
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1]))

from tests.vectors.ledger_cases import (  # noqa: E402 (the path must be set first)
    ledger_cases,
)
from tests.vectors.line_cases import line_cases  # noqa: E402

DO = {"accept": "keeps", "refuse": "breaks", "incomplete": "goes beyond"}


def cases():
    """Path below this folder and content of every vector."""
    for kind, rule, expect, slug, given in line_cases():
        yield _case(kind, rule, expect, slug, given)
    for rule, expect, slug, book in ledger_cases():
        yield _case("ledger", rule, expect, slug, book.case())


def _case(kind, rule, expect, slug, given):
    path = f"{kind}/{rule}-{slug}.json"
    desc = f"{slug.replace('-', ' ')}: {DO[expect]} {rule}"
    content = {"kind": kind, "desc": desc, "expect": expect, "rule": rule, "in": given}
    return path, json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def main():
    """Replace all vectors."""
    for folder in FOLDER.iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            shutil.rmtree(folder)
    for path, content in cases():
        target = FOLDER / path
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            raise FileExistsError(target)
        target.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
