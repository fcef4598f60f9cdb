"""The data that training stages and the search read: rows, cached features, cached trunk outputs, datasets."""
