"""Traffic from the user's side: sent open-loop by a process of its own, recorded request by request."""
