"""Ways to draw a head that Visavis was measured against."""
