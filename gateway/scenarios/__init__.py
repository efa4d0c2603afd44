"""Scenarios: small files that say what is given, what happens and what is to be seen, played on a whole lab.

`script` is the language, `reading` reads a file, `stage` is the lab that it is played on, `acting` and `seeing` are the
two tables of what a step may do and expect, `playing` plays the steps, `telling` tells how it went.
"""
