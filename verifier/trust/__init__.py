"""What the reader believes beforehand: pins, policies, witnesses, time stamps."""
