"""The pruning passes of this project, guests of the compiler like anybody's: found by entry point, known to no room."""
