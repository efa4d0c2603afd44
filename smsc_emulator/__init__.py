"""The operator's world: time, numbers, the SMSC, handsets, the subscriber database and the register."""
