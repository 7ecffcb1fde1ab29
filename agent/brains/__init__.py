"""Ears, mind and voice: the embedded ones, the providers', and the choice between them."""
