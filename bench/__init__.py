"""`make bench`: how fast the SMSC and the gateway are, beside others that do less, in one run on one machine."""
