"""The writer: append signed, hash-chained events, and fold them into what stands.

with Ledger.open("acme/") as ledger:
    receipt = ledger.append(events, stream="ingest")
"""

from ledger.genesis import create_ledger
from ledger.group import Receipt
from ledger.log import Ledger
from ledger.recorded import Recorded

__all__ = ["Ledger", "Receipt", "Recorded", "create_ledger"]
