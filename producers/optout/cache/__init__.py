"""Policy files kept for a day, with their last good copies."""
