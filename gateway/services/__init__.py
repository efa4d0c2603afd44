"""The services that use the gateway: what the law takes them for, what they may do, and what they do to messages."""
