"""Policy files as WARC records, for third parties to read with their own tools.

Each file that was kept becomes one `resource` record: the exact bytes, where and when
they were fetched, and their SHA-256. Answers are not kept in full, so these are no
`response` records.

Source: ISO 28500:2017 (WARC/1.1), section 6.4.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from ledger.events.optout import PolicyFileFetched
from producers.optout.readings.channels import POLICY_PATHS


def write_warc(
    out: BinaryIO,
    files: Iterable[PolicyFileFetched],
    *,
    origin_of: Callable[[str], str],
    get: Callable[[str], bytes],
) -> int:
    """Write every file whose bytes were kept, compressed record by record.

    A document that a site names elsewhere (a licence, terms of use) is known by its
    digest only: its record is about `urn:sha256:...`.

    Args:
        out: where to.
        files: in order.
        origin_of: name of a site by its id.
        get: the bytes of a digest.

    Returns:
        How many records were written, the one about the file itself left out.

    Raises:
        IntegrityError: the bytes of a file are missing or altered.
    """
    from warcio.warcwriter import WARCWriter  # noqa: PLC0415 - an extra

    writer = WARCWriter(out, gzip=True, warc_version="1.1")
    writer.write_record(
        writer.create_warcinfo_record(
            "", {"software": "tuneledger", "format": "WARC/1.1"}
        )
    )
    count = 0
    for file in files:
        if not file.body_sha256:
            continue
        path = POLICY_PATHS.get(file.channel)
        digest = file.body_sha256
        uri = f"urn:sha256:{digest}" if path is None else origin_of(file.site_id) + path
        at = datetime.fromtimestamp(file.fetched_at_ms / 1000, tz=UTC)
        content = get(digest)
        writer.write_record(
            writer.create_warc_record(
                uri,
                "resource",
                payload=BytesIO(content),
                length=len(content),
                warc_content_type="application/octet-stream",
                warc_headers_dict={
                    "WARC-Date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "WARC-Block-Digest": f"sha256:{digest}",
                    "WARC-Payload-Digest": f"sha256:{digest}",
                },
            )
        )
        count += 1
    return count
