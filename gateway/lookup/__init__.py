"""The gateway as a client of the operators: whom to ask, asking, handing over codes."""
