"""`agelens app`: a web page on which people see the ages in their photographs."""
