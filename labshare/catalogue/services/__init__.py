"""What people do with the catalogue: one function a verb."""
