"""Each runner translates the DAG, starts it and shows it."""
