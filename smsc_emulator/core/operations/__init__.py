"""What an ESME may ask for besides submit_sm: one module for each family of operations, one table of all.

Each operation is a function of the SMSC, the link, the account and the request. It answers the request, when its
changes are saved if it has made any, or raises RefusedError with the status to answer with.
"""
