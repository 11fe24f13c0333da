"""What can be erased: subjects and their keys, names, papers, fences."""
