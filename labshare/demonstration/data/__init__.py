"""What the invented county is made of. Standards, models and towns are real; firms, people, fees and figures are not."""
