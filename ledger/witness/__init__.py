"""A witness: cosigns checkpoints of the logs that it knows, and never two histories.

It learns a log's name, sizes and roots, and nothing of its entries. It can run on any
machine that the log's operator does not control: as a server (`ledger.witness.server`)
or by hand, with request files carried on a stick (`ledger.witness.service`).

Source: https://c2sp.org/tlog-witness (v1.1.0)
"""
