"""HTTP beside LiveKit: the token endpoint, health, and the built page."""
