"""What one client does to the service must not hurt the others: abuse over real sockets, against a real process."""
