"""Lists beside the site itself: registries, and sites to shun."""
