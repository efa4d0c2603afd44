"""The operator's databases and its HTTP face: subscribers, queries, register."""
