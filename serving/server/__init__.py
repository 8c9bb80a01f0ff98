"""The development server: a request's way from gRPC to the model and back."""
