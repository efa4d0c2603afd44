"""The SMSC's own logic: message life, routing, delivery, store."""
