"""The worker: a child process that computes, its line protocol and its client."""
