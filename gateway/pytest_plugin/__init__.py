"""The pytest plugin: a lab for each test. docs/testing.md tells how to use it.

Nothing is imported here, since pytest loads the plugin for every project that has confirmlab installed.
"""
