"""Complete small scripts, one a peer, and run.py, which times them."""
