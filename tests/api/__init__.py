"""Every route's behaviour, through HTTP, against a service in the test's own process."""
