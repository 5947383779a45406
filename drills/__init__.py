"""What the shipped drills are made of: platforms, stack services, workloads and image recipes."""
