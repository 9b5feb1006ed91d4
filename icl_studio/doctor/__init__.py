"""The doctor: looks at this machine and says, per check, what is so and what mends it."""
