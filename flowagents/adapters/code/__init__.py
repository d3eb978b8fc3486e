"""Places where code runs: one engine per file, with the languages and file names they share."""
