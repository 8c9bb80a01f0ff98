"""What a client and a server of TF Serving's API share: messages, errors, configuration, TLS."""
