"""A folder with all its files, opened together, and what decides on its records."""
