"""The asyncio pumps that join the sans-IO cores to sockets."""
