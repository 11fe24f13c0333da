"""Trainings that happen in somebody else's loop, as runs on record."""
