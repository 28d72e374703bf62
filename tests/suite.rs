//! All integration tests in one program, so that the language models are linked once.

#[path = "suite/embedded_clients.rs"]
mod embedded_clients;
#[path = "suite/support.rs"]
mod support;
