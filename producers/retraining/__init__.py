"""Train again without being asked, go on where a training stopped, repeat one.

A part of the composition, as `producers.wiring` is.
"""
