"""Hourly roll-ups: statistics of closed hours, stored beside the records, from which long ranges are answered."""
