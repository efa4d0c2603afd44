"""What Prometheus scrapes: counts of the journal's events, and gauges that are read when somebody asks."""
