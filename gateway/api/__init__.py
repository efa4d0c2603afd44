"""The HTTP face: one file of routes for each resource."""
