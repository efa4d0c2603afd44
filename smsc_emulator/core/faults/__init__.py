"""Faults: what the SMSC does wrong on purpose, by rules, so that an ESME can be seen to bear it."""
