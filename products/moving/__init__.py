"""A whole catalogue out of one shop and into another, empty one."""
