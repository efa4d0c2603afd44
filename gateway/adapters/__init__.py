"""The gateway's ends of real protocols, as the ports that confirming knows: SMPP for SMS, SIP for calls."""
