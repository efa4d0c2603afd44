"""Signed notices to the services, with a durable plan of retries."""
