"""Bytes: notes, trees, submissions, entries, checkpoints; no file is opened here."""
