"""The scheduler process: a table of jobs, each a thin call of a room's service."""
