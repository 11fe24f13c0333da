"""Key files, and which key may sign what."""
