"""The search for the settings of a head or a whole network. May import models and data_prep."""
