"""Contact sheets of crops, duplicates and views, which people look at before a training."""
