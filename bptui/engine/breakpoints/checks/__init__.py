"""Ready-made checks: `base` is what they have in common, `table` lists them."""
