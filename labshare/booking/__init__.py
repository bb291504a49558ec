"""Working days, opening hours, holdings of time, availability, slots, bookings, their lifecycle, charges, consent."""
