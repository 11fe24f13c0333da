"""Producers turn the world into events.

Each is a function from input to events: the network, the clock, randomness, storage and
the ledger come in as the small ports of `producers.ports`, so a producer holds no
signing key and tests can watch every effect.
"""
