"""What the journal says of the rules: which were kept, what it cost, and what a breach may cost."""
