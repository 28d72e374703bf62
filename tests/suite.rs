//! All integration tests in one program, so that the language models are linked once.

#[path = "suite/schemas.rs"]
mod schemas;
