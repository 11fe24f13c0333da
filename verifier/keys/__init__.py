"""Which key may sign what, from which entry on."""
