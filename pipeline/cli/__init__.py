"""The command line `segue`, a file a command."""
