"""Ask a time-stamping authority over HTTP.

Source: RFC 3161, section 3.4
"""

from typing import Final

from ledger.errors import InputError
from producers.anchoring.http import exchange

QUERY: Final = "application/timestamp-query"
REPLY: Final = "application/timestamp-reply"


def ask(url: str, query: bytes) -> bytes:
    """Send a DER `TimeStampReq`; returns the DER `TimeStampResp`, not checked yet.

    Raises:
        InputError: the authority cannot be reached or answers something else.
    """
    answer = exchange("POST", url, body=query, content_type=QUERY)
    if answer.status != 200 or answer.content_type != REPLY:
        message = (
            f"time-stamping authority: expected status 200 and {REPLY}, found "
            f"{answer.status} and {answer.content_type[:64] or 'no type'}"
        )
        raise InputError(message)
    return answer.body
