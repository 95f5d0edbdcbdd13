"""Recipes of reference models: where each comes from, what it eats, and how good it is. Never weights."""
