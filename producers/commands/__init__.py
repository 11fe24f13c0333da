"""The `tuneledger` commands by group; cli.py puts them together (docs/adr/0013)."""
