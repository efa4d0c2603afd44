"""SIP without input or output: messages, transactions, and the calls that are made of them."""
