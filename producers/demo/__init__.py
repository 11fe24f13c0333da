"""Real text and real opt-outs that any machine can produce, for `tuneledger demo`."""

from producers.demo.corpus import (
    base_text,
    distribution_records,
    shard_shape,
    subject_count,
    web_records,
)
from producers.demo.site import Site, running_site

__all__ = [
    "Site",
    "base_text",
    "distribution_records",
    "running_site",
    "shard_shape",
    "subject_count",
    "web_records",
]
