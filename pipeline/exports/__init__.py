"""`agelens export`: the trained network, or an exported model, in the formats of other runtimes."""
