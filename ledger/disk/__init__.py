"""Files and locks: where everything lies, and how it is written so that it lasts."""
