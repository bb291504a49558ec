"""The sealed trail. Everyone writes to it through `record()`; it stores ids, without foreign keys."""
