"""The lab's own powers, under /lab. A gateway that runs without a lab has none of them."""
