"""robots.txt and what stands in it: groups, rules, usage directives."""
