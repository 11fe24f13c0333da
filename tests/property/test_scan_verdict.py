"""Scans read by the thousand are judged as each by itself."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tests.simulator import encode
from verifier.findings import Violation
from verifier.rules.optout import _read
from verifier.rules.scan_verdict import read_channels
from verifier.schema.rights_tables import CLEAN_CHANNELS, OPTOUT

WIDE = re.compile(OPTOUT["optout.url_scanned.v1"]["channels"].json().encode())
CLEAN = re.compile(CLEAN_CHANNELS.json().encode())


def stated(usage: str, preference: str) -> dict[str, str]:
    return {"usage": usage, "preference": preference}


def channel(name: str, outcome: str, verdict: str, said: list, line: int) -> dict:
    return {
        "channel": name,
        "target": "url",
        "layer": "own" if line else "",
        "outcome": outcome,
        "verdict": verdict,
        "stated": said,
        "evidence_sha256": "ab" * 32 if line else "",
        "line": line,
    }


CHANNELS = st.lists(
    st.builds(
        channel,
        st.sampled_from(["robots_txt", "piracy_list", "tdm_meta"]),
        st.sampled_from(["parsed", "absent", "unknown", "unreadable", "not_recorded"]),
        st.sampled_from(["allowed", "unknown", "reserved"]),
        st.lists(
            st.builds(
                stated,
                st.sampled_from(["train", "tdm", "search"]),
                st.sampled_from(["allow", "disallow"]),
            ),
            max_size=2,
        ),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=4,
)


def judged(judge, *values: bytes) -> str:
    try:
        return judge(*values)
    except Violation as violation:
        return violation.expected


@given(
    CHANNELS,
    st.sampled_from([b"0", b"2", b"20", b"200", b"299", b"300"]),
    st.sampled_from([b"open", b"licensed", b"paywall"]),
    st.sampled_from([b"[]", b'["piracy_site"]', b'["basket"]']),
)
def test_clean_channels_are_judged_as_all(channels, status, access, reasons):
    """What a narrower expression took must lead to the verdict of all the words."""
    written = encode(channels)
    clean = written if CLEAN.fullmatch(written) else b""

    assert WIDE.fullmatch(written)
    assert judged(read_channels, written, status, access, reasons) == judged(
        _read, clean, b"" if clean else written, status, access, reasons
    )
