"""The base of what is wrong with what the reader gave, beside the ledger."""


class GivenError(ValueError):
    """A key, policy or pin store of the reader's cannot be used; exit code 2."""
