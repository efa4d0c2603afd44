"""The load tool: what it sends, how it measures, and what it tells. It knows the lab as any client does."""
