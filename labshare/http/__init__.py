"""What pages and API share of a request: who sends it and what they may, its body, limits, files, numbers of errors."""
