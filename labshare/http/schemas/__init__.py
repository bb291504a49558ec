"""What goes out, one schema a kind of answer: the API writes and describes it, files take their columns from it."""
