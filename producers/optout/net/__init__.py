"""Fetching: addresses, turns per host, limits; the only part that opens a socket."""
