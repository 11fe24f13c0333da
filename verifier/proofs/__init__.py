"""Proof files: receipts, disclosures, checkpoint pairs."""
