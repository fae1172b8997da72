"""Ready-made checks: `base` is what they have in common, `values` and `updates` are the checks, `table` lists them."""
