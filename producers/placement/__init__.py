"""Erasure units: what is one, which shard and slice holds it, and what erasing costs.

From texts to a placement, each module one step:

    minhash, near, bands, sqlite_bands   which texts are near duplicates
    groups, units, cap                   what must lie together, and what is cut
    bounded, slices, unit_file, place    which shard and slice holds each unit
    cost, plan                           what an erasure then costs
"""
