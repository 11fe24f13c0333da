"""Ledger files, opened read-only and copied before they are read."""
