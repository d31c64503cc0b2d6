"""What `python -m fastbp` runs: trainings on real data, pictured, timed, and done in NumPy too."""
