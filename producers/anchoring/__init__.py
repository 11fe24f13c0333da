"""Asks others to speak for a checkpoint: witnesses and time-stamping authorities."""
