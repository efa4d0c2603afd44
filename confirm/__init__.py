"""Proves that a user holds a number. Knows ports, never sockets, PDUs or handsets."""
