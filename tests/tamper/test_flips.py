"""No byte of a complete ledger file can change what it says and keep the verdict."""

from collections import Counter

import pytest

from tests.tamper.flips import MISSED, flips

SAMPLE = 400


@pytest.mark.timeout(0)
def test_every_byte_of_a_file(request, tmp_path):
    """Each flip is found, lowers the level, or changed no stored value."""
    sample = None if request.config.getoption("--soak") else SAMPLE
    done = list(flips(tmp_path, sample, seed=20))
    counts = Counter(what for _, what, _ in done)
    print(", ".join(f"{what}: {count}" for what, count in counts.items()))

    assert [] == [item for item in done if item[1] == MISSED]
