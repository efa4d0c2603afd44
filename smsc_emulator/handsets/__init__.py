"""Virtual handsets: lines and their inboxes."""
