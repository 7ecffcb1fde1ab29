"""What operators ask a gateway: is it well, what is here, how much was used."""
