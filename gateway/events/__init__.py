"""Events on their way out: webhooks, and streams that clients hold open."""
