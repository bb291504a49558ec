"""Usage reports, dashboards, public statistics, invariants."""
