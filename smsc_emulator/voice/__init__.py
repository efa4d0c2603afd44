"""The operator's voice switch: rings virtual handsets, SIP phones and trunks, and keeps the handsets' call logs."""
