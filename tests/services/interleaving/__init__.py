"""Two requests that change the same rows concurrently, in two workers on one SQL store."""
