"""The pass over every entry, in one process or several, and saved states."""
