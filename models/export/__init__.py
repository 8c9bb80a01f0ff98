"""From a fitted scorer to a SavedModel that answers over any TF Serving."""
