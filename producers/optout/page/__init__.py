"""What an HTML page and its headers say by their markup, and where its terms are."""
