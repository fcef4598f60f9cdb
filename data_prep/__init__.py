"""From raw folders to batches: reading, cropping, grouping, splitting, balancing. Imports no other package of ours."""
