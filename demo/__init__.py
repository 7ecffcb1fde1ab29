"""``make demo``: everything on this machine, from one command."""
