"""The writer: append signed, hash-chained events, and fold them into what stands.

with Ledger.open("acme/") as ledger:
    receipt = ledger.append(events, stream="ingest")
"""

from ledger.format.recorded import Recorded
from ledger.log.genesis import create_ledger
from ledger.log.group import Receipt
from ledger.log.ledger import Ledger

__all__ = ["Ledger", "Receipt", "Recorded", "create_ledger"]
