"""Disasters while clients ask without pause: nothing is executed that was not allowed, nothing that was not logged."""
