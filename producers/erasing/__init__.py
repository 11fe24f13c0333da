"""Erase a person: when it is due, the steps, and the certificate at the end."""
