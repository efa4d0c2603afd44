"""SMPP without input or output: PDUs, codec, session, text, segments, receipts."""
