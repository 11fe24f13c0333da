"""The words of a reservation: statements, usages, tokens, bases; no I/O, no format."""
