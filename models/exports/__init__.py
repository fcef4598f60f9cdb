"""The trained network in the file formats of other runtimes, with its calibration inside the graph."""
