"""What counts as a request for a pause, and how long it is."""

import math

import pytest

from producers.optout.net.response import Response
from producers.optout.net.retry_after import pause_of

NOW_MS = 784_111_777_000  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110


def _pause(value, status=503):
    headers = (("retry-after", value),) if value is not None else ()
    response = Response(
        status=status,
        headers=headers,
        body=b"",
        truncated=False,
        redirects=0,
        final_url="http://e.test/",
    )
    return pause_of(response, NOW_MS)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 7 ", 7.0, id="spaces around"),
        pytest.param("0", 0.0, id="none"),
        pytest.param("9" * 5000, math.inf, id="more digits than an int takes"),
        pytest.param("Sun, 06 Nov 1994 08:50:37 GMT", 60.0, id="date"),
        pytest.param("Sunday, 06-Nov-94 08:50:37 GMT", 60.0, id="RFC 850"),
        pytest.param("Sun Nov  6 08:50:37 1994", 60.0, id="asctime"),
        pytest.param("Sun, 06 Nov 1994 08:00:00 GMT", 0.0, id="past date"),
    ],
)
def test_pause(value, expected):
    """Seconds and all three forms of a date are read."""
    assert expected == _pause(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "-1",
        "1.5",
        "soon",
        "\u0661",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 999999999999 08:49:37 GMT",
        "06 Nov",
    ],
)
def test_no_pause(value):
    """What is no number and no date asks for nothing."""
    assert _pause(value) is None


@pytest.mark.parametrize("status", [200, 301, 404, 500])
def test_other_status(status):
    """Only 429 and 503 are read."""
    assert _pause("9", status) is None
    assert _pause("9", 429) == 9
