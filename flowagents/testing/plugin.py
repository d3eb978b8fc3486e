"""The pytest plug-in. What it needs is imported inside its fixtures, so that loading it costs nothing."""
