"""Bytes: notes, trees, submissions, signatures, time stamps."""
