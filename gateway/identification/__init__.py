"""An attempt to identify a user by his number, and the binding that follows from it."""
