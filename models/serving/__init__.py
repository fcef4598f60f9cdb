"""The exported model and the predictor that runs it."""
