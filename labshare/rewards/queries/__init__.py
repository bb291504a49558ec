"""What the rewards room reads: verdicts on entries, the facts of a month, runs and lines for pages."""
