"""Records on their way in: placed, read again for training, compared, quarantined."""
