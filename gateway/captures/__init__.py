"""Captures as files of a lab, and what the lab's ids are called in them."""
