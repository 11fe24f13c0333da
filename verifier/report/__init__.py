"""The verdict, what it rests on, and what to do next."""
