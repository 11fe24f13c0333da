"""What producers signed and the ledger has not yet taken."""
