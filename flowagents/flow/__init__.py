"""The builder of code graphs. The rules it is checked by live in core."""
