"""The Hyperband search over heads on cached features. May import models and data_prep."""
