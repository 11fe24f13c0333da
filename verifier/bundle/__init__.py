"""Run bundles: verified without the ledger."""
