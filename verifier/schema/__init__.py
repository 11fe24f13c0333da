"""Event lines against their tables."""
