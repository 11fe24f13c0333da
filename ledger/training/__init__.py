"""Runs on record, and the key of each."""
