"""Google's services as far as Segue and its libraries use them, on this machine, for tests."""
