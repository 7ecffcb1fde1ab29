"""Each provider's real plugin against a local server that speaks the provider's protocol.

With the provider's key in the environment, the tests named ``real`` ask the provider itself.
"""
