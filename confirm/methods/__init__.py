"""One confirmation method a file; the registry names them."""
