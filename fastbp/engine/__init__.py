"""Running programs: memory, the walk over the steps, random numbers."""
