"""What every part stands on: time, numbers, the journal, the database, the web layer."""
