"""What leaves the workspace: files that others check without the ledger."""
