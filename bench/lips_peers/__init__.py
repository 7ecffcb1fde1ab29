"""Lip-sync of others, to score beside Visavis's own: :mod:`bench.lips_peers.peers`."""
