"""One use case a module, and no screen: what the command line and a notebook share.

An action gathers, decides, writes and returns data. Whom it tells and whom it asks are callables that it is given.
"""
