"""Hourly roll-ups: statistics of closed hours, stored beside the points, from which long ranges are answered."""
