"""ExampleGen over records that have their splits already."""
