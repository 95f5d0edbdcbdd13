"""One file for each form of data; a new file here is found by itself."""
