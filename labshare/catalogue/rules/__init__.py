"""What a catalogue entry must be, without a database: fees and validity by date, standards, classes, search text."""
