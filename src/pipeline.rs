//! The loop: batches from a source, through decode and enrichment, into the sinks, then the commit.
