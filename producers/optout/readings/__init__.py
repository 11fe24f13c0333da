"""One reader for each channel, shared by scan and replay, and their combination."""
