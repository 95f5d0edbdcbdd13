"""Recovery: a pruned model learns to do what the dense one does, from unlabelled inputs. Needs the extra `torch`."""
