"""The gate: a policy says which drills must have recovered, how well and how recently; the history says which did."""
