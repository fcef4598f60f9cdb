"""The two phases of the stage `train`: the head on cached features, then the top of the network with the head."""
