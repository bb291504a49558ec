"""What every room stands on: time, months, money, errors, the actor, the database. Knows no room."""
