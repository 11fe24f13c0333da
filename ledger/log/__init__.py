"""The ledger file: appended by one sequencer, read, folded into the views."""
